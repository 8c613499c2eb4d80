import { expect, test } from 'vitest';
import { countIn, factsIn } from '../../../tools/quickstart/visit.ts';

test('the answer of the shop is a number', () => {
  expect(countIn('12\n', 'http://x/count')).toBe(12);
});

test.each(['<h1>hello 5</h1>', '', '1 2'])('%j is no answer of the shop', (text) => {
  expect(() => countIn(text, 'http://x/count')).toThrow(
    'http://x/count answered something else than a number',
  );
});

test('the proof is read as fields; values may hold colons', () => {
  const facts = factsIn('visits:                7\nweb, started:          2026-01-01T00:00:00Z\n\n');
  expect([...facts]).toEqual([
    ['visits', '7'],
    ['web, started', '2026-01-01T00:00:00Z'],
  ]);
});
