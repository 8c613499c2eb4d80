import { expect, test } from 'vitest';
import { problems, project } from './read.ts';

function ports(entries: string, more = '') {
  return project(`services: {a: {image: x, ports: ${entries}${more}}}`).services[0]?.ports.map(
    ({ service: _service, ...port }) => port,
  );
}

const open = (containerPort: number) => ({ protocol: 'tcp', containerPort });
const fixed = (port: number, containerPort = port) => ({
  protocol: 'tcp',
  hostPort: port,
  containerPort,
  guestPort: port,
});

test.each([
  ['["80"]', [open(80)]],
  ['[80]', [open(80)]],
  ['["8080:80"]', [fixed(8080, 80)]],
  ['["8080:80/udp"]', [{ ...fixed(8080, 80), protocol: 'udp' }]],
  ['["90/TCP"]', [open(90)]],
  ['["0:80"]', [open(80)]],
  ['["3000-3001"]', [open(3000), open(3001)]],
  ['["9000-9001:8000-8001"]', [fixed(9000, 8000), fixed(9001, 8001)]],
  ['["9000-9010:80"]', [open(80)]],
  ['["127.0.0.1:8080:80"]', [{ ...fixed(8080, 80), hostAddress: '127.0.0.1' }]],
  ['["127.0.0.1::80"]', [{ ...open(80), hostAddress: '127.0.0.1' }]],
  ['["[::1]:8080:80"]', [{ ...fixed(8080, 80), hostAddress: '::1' }]],
  ['[{target: 80}]', [open(80)]],
  [
    '[{target: "80", published: "8080", protocol: udp, host_ip: 10.0.0.1, mode: host, name: n, app_protocol: http}]',
    [{ ...fixed(8080, 80), protocol: 'udp', hostAddress: '10.0.0.1' }],
  ],
  ['[{target: 80, published: 80-90, host_ip: ""}]', [open(80)]],
  ['["80:80", "80:80"]', [fixed(80), fixed(80)]],
])('%s', (entries, expected) => {
  expect(ports(entries)).toEqual(expected);
});

test('under network_mode: host a port is reached where the container listens', () => {
  expect(ports('["8080:80", "90"]', ', network_mode: host')).toEqual([
    { ...fixed(8080, 80), guestPort: 80 },
    { ...open(90), guestPort: 90 },
  ]);
});

test.each([
  ['""', 'is no port; write'],
  ['"80:"', 'is no port; write'],
  ['"a:80"', '"a" is no port of the host'],
  ['"70000:80"', '"70000" is no port of the host'],
  ['"80:0"', '"0" is no port of a container'],
  ['"80:65536"', '"65536" is no port of a container'],
  ['"82-80"', '"82-80" is no port of a container'],
  ['"80:90-91"', '1 host ports for 2 container ports'],
  ['"8000-8001:90-92"', '2 host ports for 3 container ports'],
  ['"1-65535"', 'more than 1000 ports'],
  ['"80:80/sctp"', '"sctp" is neither tcp nor udp'],
  ['"a:80:80"', '"a" is no IP address'],
  ['"300.0.0.1:80:80"', 'is no IP address'],
  ['"::1:80:80"', 'is no port; write'],
  ['"[::g]:80:80"', 'is no port; write'],
  ['3000.5', 'is no port of a container'],
  ['null', 'must be "HOST:CONTAINER"'],
  ['[80]', 'must be "HOST:CONTAINER"'],
  ['{published: 80}', 'has no "target"'],
  ['{target: [80]}', 'must be a number or text'],
  ['{target: 80, hostip: 1}', 'did you mean "host_ip"'],
  ['{target: 80, mode: x}', 'neither host nor ingress'],
])('%s: %s', (entry, message) => {
  const found = problems(`services:\n  a:\n    image: x\n    ports:\n      - ${entry}`);
  expect(found.join('\n')).toContain(message);
  expect(found[0]).toMatch(/^5:/);
});

test('one container port may be published on several host ports, and tcp does not collide with udp', () => {
  expect(problems('services: {a: {image: x, ports: ["80:80", "81:80", "53:53", "53:53/udp"]}}')).toEqual([]);
});

test('two container ports cannot have the same host port', () => {
  expect(problems('services: {a: {image: x, ports: ["80:80", "80:81"]}}')).toEqual([
    '1:43 services.a.ports[1] port 80/tcp is already published by service "a"',
  ]);
});
