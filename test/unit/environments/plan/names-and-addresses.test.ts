import { expect, test } from 'vitest';
import { freeAddress } from '../../../../src/environments/plan/addresses.ts';
import { forkNames } from '../../../../src/environments/plan/fork-names.ts';
import { isName } from '../../../../src/model/index.ts';

test('one fork takes the name asked for', () => {
  expect(forkNames('shop', 'branch', 1, new Set())).toEqual(['branch']);
});

test('several forks of one name are numbered, taken or not', () => {
  expect(forkNames('shop', 'branch', 3, new Set(['branch-2']))).toEqual(['branch-1', 'branch-2', 'branch-3']);
});

test('without a name the lowest free numbers are taken', () => {
  expect(forkNames('shop', undefined, 2, new Set(['shop-fork-1', 'shop-fork-3']))).toEqual([
    'shop-fork-2',
    'shop-fork-4',
  ]);
});

test('names stay within what is allowed, however long the parent’s is', () => {
  const names = forkNames('a'.repeat(40), undefined, 100, new Set());
  expect(names.every(isName)).toBe(true);
  expect(new Set(names).size).toBe(100);
});

test('addresses are given out from the lowest, without x.0 and x.255', () => {
  const taken = new Set<string>();
  for (let index = 0; index < 255; index++) taken.add(freeAddress(taken) ?? '');
  expect(taken.has('127.88.0.1')).toBe(true);
  expect(taken.has('127.88.0.254')).toBe(true);
  expect(taken.has('127.88.1.1')).toBe(true);
  expect([...taken].some((address) => address.endsWith('.0') || address.endsWith('.255'))).toBe(false);
});

test('an address that was given back is used again', () => {
  expect(freeAddress(new Set(['127.88.0.1', '127.88.0.3']))).toBe('127.88.0.2');
});

test('an installation that begins elsewhere goes round before it runs out', () => {
  expect(freeAddress(new Set(), 7)).toBe('127.88.7.1');
  const last = new Set(Array.from({ length: 254 }, (_, index) => `127.88.255.${index + 1}`));
  expect(freeAddress(last, 255)).toBe('127.88.0.1');
});
