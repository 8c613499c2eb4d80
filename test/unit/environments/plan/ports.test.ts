import { expect, test } from 'vitest';
import { parseCompose } from '../../../../src/compose/index.ts';
import { planPorts, portsOfFork } from '../../../../src/environments/plan/ports.ts';

function projectOf(ports: string) {
  const text = `services:\n  web:\n    image: shop\n    ports: ${ports}\n`;
  const { project, problems } = parseCompose(text, { variables: {} });
  if (project === undefined) throw new Error(JSON.stringify(problems));
  return project;
}

test('ports go to the address of the environment, whatever way the file says "this host"', () => {
  const { ports } = planPorts(
    projectOf('["8080:80", "127.0.0.1:8081:81", "0.0.0.0:8082:82"]'),
    [],
    '127.88.0.7',
  );
  expect(
    ports.map(({ hostAddress, hostPort, containerPort }) => [hostAddress, hostPort, containerPort]),
  ).toEqual([
    ['127.88.0.7', 8080, 80],
    ['127.88.0.7', 8081, 81],
    ['127.88.0.7', 8082, 82],
  ]);
});

test('--publish adds an address to a port that the file publishes', () => {
  const wish = { hostAddress: '0.0.0.0', hostPort: 80, service: 'web', containerPort: 80 };
  const { ports, problems } = planPorts(projectOf('["8080:80"]'), [wish], '127.88.0.7');
  expect(problems).toEqual([]);
  expect(ports).toEqual([
    {
      service: 'web',
      protocol: 'tcp',
      hostAddress: '127.88.0.7',
      hostPort: 8080,
      guestPort: 8080,
      containerPort: 80,
    },
    {
      service: 'web',
      protocol: 'tcp',
      hostAddress: '0.0.0.0',
      hostPort: 80,
      guestPort: 8080,
      containerPort: 80,
    },
  ]);
});

test('--publish of a port that the file does not publish is a problem, not silence', () => {
  const wish = { hostAddress: '0.0.0.0', hostPort: 80, service: 'web', containerPort: 99 };
  const { problems } = planPorts(projectOf('["8080:80"]'), [wish], '127.88.0.7');
  expect(problems).toEqual([{ path: 'publish[0]', message: expect.stringContaining('no port 99') }]);
});

test('a fork takes its parent’s ports to its own address and leaves those on other addresses', () => {
  const port = {
    service: 'web',
    protocol: 'tcp',
    hostPort: 8080,
    guestPort: 8080,
    containerPort: 80,
  } as const;
  const ports = [
    { ...port, hostAddress: '127.88.0.1' },
    { ...port, hostAddress: '0.0.0.0' },
  ];
  expect(portsOfFork(ports, '127.88.0.1', '127.88.0.2')).toEqual([{ ...port, hostAddress: '127.88.0.2' }]);
});
