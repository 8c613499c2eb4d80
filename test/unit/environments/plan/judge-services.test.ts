import { expect, test } from 'vitest';
import { parseCompose } from '../../../../src/compose/index.ts';
import { judgeServices } from '../../../../src/environments/plan/judge-services.ts';
import type { ServiceStatus } from '../../../../src/model/index.ts';

const { project } = parseCompose(
  'services:\n  web:\n    image: a\n  job:\n    image: b\n    restart: "no"\n',
  { variables: {} },
);
if (project === undefined) throw new Error('the file of this test is wrong');
const wanted = project;

function container(name: string, change: Partial<ServiceStatus> = {}): ServiceStatus {
  return { name, container: `${name}-1`, image: 'x', state: 'running', ...change };
}

test('ready when each service runs or has completed', () => {
  expect(judgeServices(wanted, [container('web'), container('job')])).toEqual({ kind: 'ready' });
  const ended = container('job', { state: 'exited', exitCode: 0 });
  expect(judgeServices(wanted, [container('web', { health: 'healthy' }), ended])).toEqual({ kind: 'ready' });
});

test('waits for containers that are not there and for health checks', () => {
  const verdict = judgeServices(wanted, [container('web', { health: 'starting' })]);
  expect(verdict).toEqual({
    kind: 'waiting',
    waiting: ['web: health check has not passed yet', 'job: 0 of 1 containers'],
  });
});

test.each([
  ['ends with an error', { state: 'exited', exitCode: 3 }, 'exit code 3'],
  ['is unhealthy', { health: 'unhealthy' }, 'unhealthy'],
  ['is dead', { state: 'dead' }, 'dead'],
])('fails when a service %s', (_what, change, reason) => {
  const verdict = judgeServices(wanted, [container('web', change), container('job')]);
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining(reason),
    service: { name: 'web' },
  });
});

test('a service that should go on must not end, even well', () => {
  const verdict = judgeServices(wanted, [
    container('web', { state: 'exited', exitCode: 0 }),
    container('job'),
  ]);
  expect(verdict.kind).toBe('failed');
});
