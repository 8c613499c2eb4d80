import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineFramer } from '../../../src/base/index.ts';

test('joins the pieces of a line and leaves out line ends', () => {
  const framer = new LineFramer();
  expect(framer.push('on')).toEqual([]);
  expect(framer.push('e\r')).toEqual([]);
  expect(framer.push('\n\ntwo\nthr')).toEqual(['one', '', 'two']);
  expect(framer.push('ee')).toEqual([]);
  expect(framer.rest()).toBe('three');
  expect(framer.rest()).toBe('');
});

test('gives a line that is too long in pieces, with and without its end', () => {
  const framer = new LineFramer({ maxLineLength: 4 });
  expect(framer.push('abcdefghij')).toEqual(['abcd', 'efgh']);
  expect(framer.push('\n')).toEqual(['ij']);
  expect(framer.push('123456\n')).toEqual(['1234', '56']);
});

test('gives the same lines however the stream is cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é') });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(5)), (lines, cuts) => {
      let text = lines.map((each) => `${each}\n`).join('');
      const framer = new LineFramer();
      const got: string[] = [];
      for (const cut of cuts) {
        got.push(...framer.push(text.slice(0, cut)));
        text = text.slice(cut);
      }
      got.push(...framer.push(text));
      expect(got).toEqual(lines);
      expect(framer.rest()).toBe('');
    }),
  );
});
