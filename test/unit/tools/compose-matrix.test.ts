import { expect, test } from 'vitest';
import type { SupportRow } from '../../../src/compose/support/row.ts';
import { composeMatrix, isShown } from '../../../tools/pages/compose-matrix.ts';
import type { TallyLine } from '../../../tools/testing/tally.ts';

const file = 'test/e2e/compose-matrix.test.ts';
const row: SupportRow = { at: 'services.*.image', verdict: 'works', words: '', example: 'nginx' };
const line = (where: string, state: TallyLine['state']): TallyLine => ({
  state,
  name: `${where} > services.*.image`,
  file,
});
const fresh = line('on a fresh environment', 'passed');
const fork = line('on a fork', 'passed');

test('a row is shown when its test has passed on a fresh environment and on a fork', () => {
  expect(isShown(row, [fresh, fork])).toBe(true);
  expect(isShown(row, [fresh])).toBe(false);
  expect(isShown(row, [fresh, line('on a fork', 'failed')])).toBe(false);
  expect(isShown(row, [fresh, { ...fork, file: 'test/e2e/other.test.ts' }])).toBe(false);
});

test('a refusal is shown by the test that it is refused', () => {
  const refusal: SupportRow = { ...row, verdict: 'refused', words: 'why' };
  const name = 'is read as the table says: > services.*.image';
  expect(isShown(refusal, [{ state: 'passed', name, file: 'test/unit/compose/support.test.ts' }])).toBe(true);
  expect(isShown(refusal, [fresh, fork])).toBe(false);
});

test('the matrix names what no test has shown', () => {
  expect(composeMatrix(() => true)).not.toContain('not shown');
  const matrix = composeMatrix(({ at }) => at !== 'services.*.image');
  expect(matrix).toMatch(/\| `image` \| `nginx` \| works \| .* \| \*\*not shown\*\* \|/);
});
