import { expect, test } from 'vitest';
import { createProgress } from '../../../src/cli/operation/progress.ts';
import type { Operation, OperationStep } from '../../../src/model/index.ts';
import { createFakeOutput } from './fake-output.ts';

const at = (ms: number): string => new Date(ms).toISOString();
const nowMs = 10_000;

function step(name: string, startedMs: number, endedMs?: number, detail?: string): OperationStep {
  return {
    name,
    title: `do ${name}`,
    startedAt: at(startedMs),
    ...(endedMs === undefined ? {} : { endedAt: at(endedMs) }),
    ...(detail === undefined ? {} : { detail }),
  };
}

function operation(steps: readonly OperationStep[], rest: Partial<Operation> = {}): Operation {
  const id = 'op-000000000000' as Operation['id'];
  return { id, kind: 'up', targets: ['shop'], state: 'running', createdAt: at(0), steps, ...rest };
}

test('in a pipe each finished step is one line, once', () => {
  const output = createFakeOutput();
  const progress = createProgress(output, () => nowMs);
  progress.update(operation([step('boot', 0)]));
  progress.update(operation([step('boot', 0, 1500, 'login'), step('load', 1500)]));
  progress.update(
    operation([step('boot', 0, 1500, 'login'), step('load', 1500, 1585)], { state: 'succeeded' }),
  );
  progress.end();
  expect(output.text()).toBe('✔ do boot  1.5 s\n✔ do load  85 ms\n');
});

test('a step that had not ended when its operation failed is marked, with its last detail', () => {
  const output = createFakeOutput();
  const progress = createProgress(output, () => nowMs);
  progress.update(
    operation([step('boot', 0, undefined, 'no answer')], { state: 'failed', endedAt: at(3000) }),
  );
  progress.end();
  expect(output.text()).toBe('✖ do boot  3.0 s  no answer\n');
});

test('on a terminal running steps are drawn again and cut to its width', () => {
  const output = createFakeOutput({ isTerminal: true, columns: 30 });
  const progress = createProgress(output, () => nowMs);
  progress.update(operation([step('boot', 9000, undefined, 'a detail that is far too long')]));
  const [line] = output.text().split('\n');
  expect(line).toMatch(/^. do boot {2}1\.0 s {2}a detail t…$/);
  progress.update(operation([step('boot', 9000, 9500)], { state: 'succeeded' }));
  progress.end();
  expect(output.text().endsWith('\u001b[1A\u001b[J✔ do boot  500 ms\n')).toBe(true);
});

test('titles and details cannot drive the terminal', () => {
  const output = createFakeOutput();
  const progress = createProgress(output, () => nowMs);
  progress.update(operation([{ ...step('x', 0, 1), title: 'a\u001b[2Jb' }]));
  expect(output.text()).toContain('a\\x1b[2Jb');
});
