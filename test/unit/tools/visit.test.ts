import { expect, test } from 'vitest';
import { countIn } from '../../../tools/quickstart/visit.ts';

test.each([
  ['{"visits": 12, "host": "shop-7"}', 12],
  ['<h1>Shop 2</h1><p>visits: <b>5</b></p>', 5],
  ['You are visit no. 9', 9],
] as const)('reads the count of %s', (text, count) => {
  expect(countIn(text, 'http://x/')).toBe(count);
});

test('an answer without a count is an error', () => {
  expect(() => countIn('<h1>hello</h1>', 'http://x/')).toThrow('answered without a visit count');
});
