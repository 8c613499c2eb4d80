import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interpolate } from '../../../src/compose/interpolation.ts';

const variables = { A: 'a', EMPTY: '', _x1: 'u' };

// What docker-compose 2.26 makes of the same text.
test.each([
  ['$A', 'a'],
  ['${A}', 'a'],
  ['$A.b', 'a.b'],
  ['$_x1-', 'u-'],
  ['$NONE', ''],
  ['$$A', '$A'],
  ['$$$$A', '$$A'],
  ['$$$A', '$a'],
  ['$', '$'],
  ['a$ b', 'a$ b'],
  ['$1', '$1'],
  ['${NONE:-d}', 'd'],
  ['${NONE-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${A:-d}', 'a'],
  ['${A:+y}', 'y'],
  ['${EMPTY:+y}', ''],
  ['${EMPTY+y}', 'y'],
  ['${NONE+y}', ''],
  ['${A:?no}', 'a'],
  ['${EMPTY?no}', ''],
  ['${NONE:-${A:-c}}', 'a'],
  ['${NONE:-a:b}', 'a:b'],
  ['${NONE:-}}', '}'],
  ['${NONE:-{x}}', '{x}'],
  ['${NONE:-$$}', '$'],
])('%s becomes %j', (source, expected) => {
  expect(interpolate(source, variables)).toMatchObject({ text: expected, errors: [] });
});

test.each(['${', '${}', '${1}', '${A', '${A!}', '${A:=x}', '${A }', '${A/b/c}', '${A:-${B'])(
  '%s is broken',
  (source) => {
    expect(interpolate(source, variables).errors).toHaveLength(1);
  },
);

test('required variables are errors that carry their message', () => {
  expect(interpolate('${NONE:?no ${B:-q}} ${EMPTY:?} ${X?}', variables).errors).toEqual([
    'variable NONE is required: no q',
    'variable EMPTY is required',
    'variable X is required',
  ]);
});

test('names of Object.prototype are no variables', () => {
  expect(interpolate('$constructor ${toString-x}', {}).text).toBe(' x');
});

test('never throws and keeps text without a dollar sign', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll('$', '');
      expect(interpolate(plain, variables).text).toBe(plain);
      expect(interpolate(text.replaceAll('$', '$$$$'), variables).text).toBe(text);
      interpolate(text, variables);
    }),
  );
});

test('deep nesting ends with an error, in linear time', () => {
  const found = interpolate('${A:-'.repeat(200_000), variables);
  expect(found.errors).toHaveLength(1);
  expect(found.errors[0]).toContain('nested deeper');
});
