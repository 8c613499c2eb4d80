import { expect, test } from 'vitest';
import { judgeMemoryMerging } from '../../../src/setup/checks/memory-merging.ts';

test('merging is no problem, whether it is there, on or off', () => {
  const merging = { isOn: true, savedBytes: 5 * 1024 ** 2 };
  for (const [one, message] of [
    [undefined, 'this kernel cannot merge equal memory (KSM)'],
    [{ ...merging, isOn: false }, 'off: what environments have written is theirs alone'],
    [merging, 'on, for environments that allow it: 5 MiB saved'],
  ] as const)
    expect(judgeMemoryMerging(one)).toEqual({ check: 'memory-merging', level: 'ok', message });
});
