import { expect, test } from 'vitest';
import { judgeOperation } from '../../../../src/environments/plan/judge-operation.ts';
import type { EnvironmentRecord } from '../../../../src/environments/record.ts';
import type { EnvironmentState, Operation } from '../../../../src/model/index.ts';

const THIS = 'op-this';
const EARLIER = 'op-earlier';

interface There {
  readonly state?: EnvironmentState;
  readonly readyBy?: string;
  readonly returning?: true;
  readonly reviving?: true;
  readonly restored?: string;
  readonly runs?: boolean;
}

function judge(
  kind: string,
  there: There | undefined,
  o: { input?: object; cancelling?: true } = {},
): string {
  const operation = {
    ...{ id: THIS, kind, targets: ['shop'] },
    state: o.cancelling === true ? 'cancelling' : 'running',
  } as unknown as Operation;
  const record = there === undefined ? undefined : ({ disk: {}, ...there } as unknown as EnvironmentRecord);
  return judgeOperation(operation, o.input ?? {}, {
    find: () => record,
    runs: () => there?.runs ?? false,
  });
}

test('what was made is done, and what was not is undone', () => {
  for (const kind of ['up', 'fork']) {
    expect(judge(kind, undefined)).toBe('undone');
    expect(judge(kind, { state: 'running', readyBy: THIS })).toBe('done');
    expect(judge(kind, { state: 'running', readyBy: EARLIER })).toBe('undone');
  }
});

test('a removal that was acknowledged is finished, unless it was cancelled', () => {
  expect(judge('rm', undefined)).toBe('done');
  expect(judge('rm', { state: 'degraded' })).toBe('go-on');
  expect(judge('rm', { state: 'degraded' }, { cancelling: true })).toBe('undone');
});

test('a stop goes on until it is stopped, a start with the machine that runs', () => {
  expect(judge('stop', { state: 'stopped' })).toBe('done');
  expect(judge('stop', { state: 'degraded', runs: true })).toBe('go-on');
  expect(judge('start', { state: 'stopped', readyBy: EARLIER })).toBe('undone');
  expect(judge('start', { state: 'degraded', readyBy: EARLIER, runs: true })).toBe('go-on');
  expect(judge('start', { state: 'running', readyBy: THIS, runs: true })).toBe('done');
  expect(judge('restart', { state: 'stopped', readyBy: EARLIER })).toBe('go-on');
});

test('sleep and wake are told by what the environment is', () => {
  expect(judge('sleep', { state: 'asleep' })).toBe('done');
  expect(judge('sleep', { state: 'frozen' }, { input: { freeze: true } })).toBe('done');
  expect(judge('sleep', { state: 'running' })).toBe('undone');
  expect(judge('wake', { state: 'running' })).toBe('done');
  expect(judge('wake', { state: 'asleep' })).toBe('undone');
});

test('what others go on with is taken up', () => {
  expect(judge('start', { state: 'starting', returning: true })).toBe('taken-up');
  expect(judge('revive', { state: 'degraded', reviving: true })).toBe('taken-up');
});

test('a restore that had come so far is done, or goes on with its containers', () => {
  expect(judge('snapshot-restore', { state: 'running' })).toBe('undone');
  expect(judge('snapshot-restore', { state: 'running', restored: EARLIER })).toBe('undone');
  expect(judge('snapshot-restore', { state: 'running', restored: THIS, runs: true })).toBe('done');
  expect(judge('snapshot-restore', { state: 'stopped', restored: THIS })).toBe('done');
  const booted = { state: 'degraded', restored: THIS, runs: true } as const;
  expect(judge('snapshot-restore', booted)).toBe('go-on');
  expect(judge('snapshot-restore', booted, { cancelling: true })).toBe('done');
});
