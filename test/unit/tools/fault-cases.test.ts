import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CRASH_POINTS } from '../../../src/base/index.ts';
import { crashCoverage } from '../../../tools/testing/crash-coverage.ts';
import { caseRows, faultCaseOf, formatRows, patternOf } from '../../../tools/testing/fault-cases.ts';
import { scratchTree } from './scratch-tree.ts';

test('a title names case, fault and promise, with or without a group around it', () => {
  const read = { name: '#10 b', injected: 'QEMU dies', promise: 'crashed · within 2 s' };
  expect(faultCaseOf('#10 b · QEMU dies · crashed · within 2 s')).toEqual(read);
  expect(faultCaseOf('machines > #10 b · QEMU dies · crashed · within 2 s')).toEqual(read);
  expect(faultCaseOf('it works')).toBeUndefined();
});

test('a number selects all tests of its case and no other', () => {
  const pattern = new RegExp(patternOf(['1', 'S3', 'snapshot']));
  const selected = ['#1 · a · b', '#1 c · a · b', 'group #1 · a · b', 'S3 · a · b', 'snapshot · a · b'];
  expect(selected.filter((title) => !pattern.test(title))).toEqual([]);
  const others = ['#10 · a · b', '#2 · #1 is · b', 'S30 · a · b', 'a snapshot of · x · y'];
  expect(others.filter((title) => pattern.test(title))).toEqual([]);
});

test('the table is in the order of the cases and tells what did not hold, also what is no case', () => {
  const rows = caseRows([
    { state: 'passed', name: 'snapshot · a · b', file: 'x' },
    { state: 'failed', name: '#10 · a · b', file: 'x', ms: 1500 },
    { state: 'skipped', name: '#11 · a · b', file: 'x' },
    { state: 'passed', name: '#2 · a · b', file: 'x' },
    { state: 'failed', name: 'x: does not load', file: '' },
  ]);
  expect(rows.map(([name, , , held]) => [name, held])).toEqual([
    ['#2', 'yes'],
    ['#10', 'NO'],
    ['?', 'NO'],
    ['snapshot', 'yes'],
  ]);
  expect(formatRows(['a', 'b'], [['long', 'x']])).toEqual(['a     b', 'long  x']);
});

test('a crash point counts when a test has seen the daemon die there', async () => {
  const [first = ''] = Object.keys(CRASH_POINTS);
  const file = join(await scratchTree({}), 'hit');
  expect(crashCoverage(file)).toMatchObject({ hit: 0 });
  writeFileSync(file, `${first}\n${first}\nno.such-point\n`);
  const { hit, missed, total } = crashCoverage(file);
  expect([hit, missed.includes(first), missed.length]).toEqual([1, false, total - 1]);
});
