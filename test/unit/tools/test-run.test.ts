import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Check } from '../../../tools/checks/outcome.ts';
import { runChecks } from '../../../tools/checks/run-checks.ts';
import { runInForeground, runStage, type Stage } from '../../../tools/testing/stage.ts';
import {
  countTally,
  failureLines,
  formatTally,
  NO_TESTS,
  readTally,
  sumTallies,
  type Tally,
} from '../../../tools/testing/tally.ts';
import { scratchTree } from './scratch-tree.ts';

const signal = new AbortController().signal;
vi.spyOn(console, 'log').mockReturnValue();

const stage: Stage = {
  key: 'stage',
  title: 'stage',
  deadlineMs: 60_000,
  hasTests: true,
  run: async () => ({ ...NO_TESTS, passed: 2 }),
};

test('a tally is the sum of its parts and mentions skipped tests only when there are any', () => {
  const sum = sumTallies([
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 2, failed: 1, skipped: 3 },
  ]);
  expect(formatTally(sum)).toBe('3 passed, 1 failed, 3 skipped');
  expect(formatTally(NO_TESTS)).toBe('0 passed, 0 failed');
});

test('a tally file that was cut off in writing still counts', () => {
  const text = '{"state":"passed","name":"a"}\n{"state":"skipped","name":"b"}\n{"state":"passed"}\n{"sta';
  expect(countTally(readTally(text))).toEqual({ passed: 2, failed: 0, skipped: 1 });
});

test('what failed is told with the beginning of its reason', () => {
  const why = Array.from({ length: 9 }, (_, index) => `line ${index} ${'x'.repeat(400)}`).join('\n');
  const passed = { state: 'passed', name: 'a', file: 'a.test.ts' } as const;
  const [first, ...reason] = failureLines([
    passed,
    { state: 'failed', name: 'b > c', file: 'b.test.ts', why },
  ]);
  expect(first).toBe('failed: b.test.ts > b > c');
  expect(reason.map((line) => [line.slice(0, 8), line.length])).toEqual(
    [0, 1, 2, 3, 4, 5].map((index) => [`  line ${index}`, 302]),
  );
  expect(failureLines([{ state: 'failed', name: 'outside', file: '' }])).toEqual(['failed: outside']);
});

test('a stage counts what it ran', async () => {
  expect(await runStage(stage, signal)).toEqual({ passed: 2, failed: 0, skipped: 0 });
});

test('a stage that throws, or that should have tests and ran none, has failed', async () => {
  const throwing = { ...stage, run: () => Promise.reject(new Error('no host')) };
  expect(await runStage(throwing, signal)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  const empty = { ...stage, run: async () => ({ ...NO_TESTS, skipped: 4 }) };
  expect(await runStage(empty, signal)).toEqual({ passed: 0, failed: 1, skipped: 4 });
  expect(await runStage({ ...empty, hasTests: false }, signal)).toEqual({ passed: 0, failed: 0, skipped: 4 });
});

test('a stage past its deadline has failed, whatever it says', async () => {
  const slow = {
    ...stage,
    deadlineMs: 20,
    run: (deadline: AbortSignal) =>
      new Promise<Tally>((resolve) => {
        deadline.addEventListener('abort', () => resolve({ ...NO_TESTS, passed: 1 }));
        // The timer of the deadline does not keep a process alive by itself.
        setTimeout(() => {}, 60_000).unref();
      }),
  };
  expect(await runStage(slow, signal)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('an ended program is gone with what it started', async () => {
  const root = await scratchTree({ 'start.sh': 'sleep 1000 & echo $! > "$1.part"; mv "$1.part" "$1"; wait' });
  const pidFile = join(root, 'pid');
  const controller = new AbortController();
  const ended = runInForeground(['sh', join(root, 'start.sh'), pidFile], {}, controller.signal);
  const pid = await vi.waitFor(() => readFile(pidFile, 'utf8'), { timeout: 10_000 });
  controller.abort();
  expect(await ended).not.toBe(0);
  await vi.waitFor(async () => expect(await isRunning(pid.trim())).toBe(false), { timeout: 10_000 });
});

async function isRunning(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status !== undefined && !/\) Z /.test(status);
}

test('a program in the foreground tells its exit code; one that is missing is an error', async () => {
  expect(await runInForeground(['sh', '-c', 'exit "$CODE"'], { CODE: '7' }, signal)).toBe(7);
  await expect(runInForeground(['/no/such/program'], {}, signal)).rejects.toThrow('ENOENT');
});

test('a check that finds a problem, sees nothing or does not work has failed', async () => {
  const lines: string[] = [];
  const check = (name: string, run: Check['run']): Check => ({ name, run });
  const report = await runChecks(
    [
      check('fine', () => ({ seen: 1, unit: 'files', problems: [] })),
      check('wrong', () => ({ seen: 1, unit: 'files', problems: ['a.ts:1: bad'] })),
      check('blind', () => ({ seen: 0, unit: 'links', problems: [] })),
      check('broken', () => {
        throw new Error('cannot read');
      }),
    ],
    '/',
    signal,
    (text) => lines.push(text),
  );
  expect(report).toEqual({ passed: 1, failed: 3 });
  const text = lines.join('\n');
  expect(text).toMatch(/✓ fine +1 files/);
  expect(text).toMatch(/✗ wrong.*\n {4}a\.ts:1: bad/);
  expect(text).toContain('saw no links');
  expect(text).toContain('did not work: cannot read');
});
