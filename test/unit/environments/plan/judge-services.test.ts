import { describe, expect, test } from 'vitest';
import { parseCompose } from '../../../../src/compose/index.ts';
import { judgeServices } from '../../../../src/environments/plan/judge-services.ts';
import type { ServiceStatus } from '../../../../src/model/index.ts';

const { project } = parseCompose(
  'services:\n  web:\n    image: a\n  job:\n    image: b\n    restart: "no"\n',
  { variables: {} },
);
if (project === undefined) throw new Error('the file of this test is wrong');
const wanted = project;

const NOW = Date.parse('2026-01-01T00:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

function container(name: string, change: Partial<ServiceStatus> = {}): ServiceStatus {
  return { name, container: `${name}-1`, image: 'x', state: 'running', ...change };
}

test('ready when each service runs or has completed', () => {
  expect(judgeServices(wanted, [container('web'), container('job')], NOW)).toEqual({ kind: 'ready' });
  const ended = container('job', { state: 'exited', exitCode: 0 });
  expect(judgeServices(wanted, [container('web', { health: 'healthy' }), ended], NOW)).toEqual({
    kind: 'ready',
  });
});

test('waits for containers that are not there and for health checks', () => {
  const verdict = judgeServices(wanted, [container('web', { health: 'starting' })], NOW);
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
  const verdict = judgeServices(wanted, [container('web', change), container('job')], NOW);
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining(reason),
    service: { name: 'web' },
  });
});

test('a service that should go on must not end, even well', () => {
  const ended = container('web', { state: 'exited', exitCode: 0 });
  const verdict = judgeServices(wanted, [ended, container('job')], NOW);
  expect(verdict.kind).toBe('failed');
});

describe('a service with a restart policy', () => {
  const text = 'services: {web: {image: a, restart: always}, job: {image: b, restart: "on-failure:2"}}';
  const { project: restarting } = parseCompose(text, { variables: {} });
  if (restarting === undefined) throw new Error('the file of this test is wrong');
  const judge = (web: Partial<ServiceStatus>, job: Partial<ServiceStatus> = {}) =>
    judgeServices(restarting, [container('web', web), container('job', job)], NOW);

  test('is waited for when it has ended, and until it stays', () => {
    expect(judge({ state: 'exited', exitCode: 3 })).toEqual({
      kind: 'waiting',
      waiting: ['web: ended with exit code 3'],
    });
    expect(judge({ restarts: 2, startedAt: ago(1) })).toMatchObject({ kind: 'waiting' });
    expect(judge({ restarts: 2, startedAt: ago(60) })).toEqual({ kind: 'ready' });
    expect(judge({ restarts: 50, startedAt: ago(60) })).toEqual({ kind: 'ready' });
  });

  test('fails when it ends over and over, or more often than it may', () => {
    expect(judge({ restarts: 10, startedAt: ago(1) })).toMatchObject({
      kind: 'failed',
      reason: 'ends over and over: it was started again 10 times',
    });
    expect(judge({}, { state: 'exited', exitCode: 3, restarts: 2 })).toMatchObject({
      kind: 'failed',
      reason: 'ended with exit code 3 after 2 restarts',
    });
    expect(judge({}, { state: 'exited', exitCode: 3, restarts: 1 })).toMatchObject({ kind: 'waiting' });
    expect(judge({}, { state: 'exited', exitCode: 0, restarts: 1 })).toEqual({ kind: 'ready' });
  });
});
