import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeName, deriveName, sanitizeName } from '../../../src/cli/arguments/environment-name.ts';
import { isName } from '../../../src/model/index.ts';

test.each([
  ['shop', 'shop'],
  ['My Shop', 'my-shop'],
  ['_private__thing_', 'private-thing'],
  ['Crème brûlée', 'creme-brulee'],
  ['a'.repeat(60), 'a'.repeat(40)],
  [`${'a'.repeat(39)}-b`, 'a'.repeat(39)],
] as const)('%j becomes %j', (text, name) => {
  expect(sanitizeName(text)).toBe(name);
});

test.each(['', '---', '商店', '...'])('nothing is left of %j', (text) => {
  expect(sanitizeName(text)).toBeUndefined();
});

test('whatever comes out is a name, and a name stays what it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const name = sanitizeName(text);
      if (name === undefined) return;
      expect(isName(name)).toBe(true);
      expect(sanitizeName(name)).toBe(name);
    }),
  );
});

test.each([
  ['name: shop\nservices: {}', 'shop'],
  ['services: {}\nname: "my shop" # comment', 'my shop'],
  ["name: 'a'\r\nservices: {}", 'a'],
  ['name: shop # the shop\n', 'shop'],
  ['name: ${STAGE:-test}-shop\n', 'test-shop'],
  ['name: $STAGE\n', ''],
] as const)('finds the name in %j', (text, name) => {
  expect(composeName(text, {})).toBe(name);
});

test('looks up variables in the name', () => {
  expect(composeName('name: ${STAGE:-test}-$KIND\n', { STAGE: 'prod', KIND: 'shop' })).toBe('prod-shop');
});

test.each(['services:\n  web:\n    name: inner\n', '# name: x\n', 'named: x\n', 'services: {}\n'])(
  'finds no name in %j',
  (text) => {
    expect(composeName(text, {})).toBeUndefined();
  },
);

test('the name in the file comes before the name of the directory', () => {
  const variables = {};
  expect(deriveName({ directory: '/srv/My Dir', text: 'name: shop\n', variables })).toBe('shop');
  expect(deriveName({ directory: '/srv/My Dir', text: 'services: {}\n', variables })).toBe('my-dir');
  expect(deriveName({ directory: '/srv/My Dir', text: 'name: $UNSET\n', variables })).toBe('my-dir');
  expect(deriveName({ directory: '/', text: '', variables })).toBeUndefined();
});
