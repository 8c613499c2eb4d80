import { expect, test } from 'vitest';
import { type Column, formatTable } from '../../../src/cli/format/table.ts';
import { truncate, visibleWidth } from '../../../src/cli/format/width.ts';

interface Row {
  readonly name: string;
  readonly bytes?: number;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'BYTES', cell: (row) => row.bytes?.toString(), align: 'right' },
];

test('columns are as wide as their widest cell; figures stand on the right', () => {
  const rows = [{ name: 'shop', bytes: 5 }, { name: 'shop-fork-1', bytes: 12345 }, { name: 'x' }];
  expect(formatTable(columns, rows)).toEqual([
    'NAME          BYTES',
    'shop              5',
    'shop-fork-1   12345',
    'x                 -',
  ]);
});

test('without rows the head is left', () => {
  expect(formatTable(columns, [])).toEqual(['NAME   BYTES']);
});

test('painting does not change widths, and lines have no spaces at their ends', () => {
  const painted: readonly Column<Row>[] = [
    { title: 'NAME', cell: (row) => row.name, paint: (text) => `\u001b[1m${text}\u001b[22m` },
    { title: 'LAST', cell: (row) => row.name },
  ];
  const lines = formatTable(painted, [{ name: 'a' }, { name: 'long' }]);
  expect(lines).toEqual(['NAME   LAST', '\u001b[1ma   \u001b[22m   a', '\u001b[1mlong\u001b[22m   long']);
});

test('what would drive the terminal becomes visible', () => {
  expect(formatTable(columns, [{ name: 'a\u001b]52;c;eA\u0007\n' }])[1]).toBe(
    'a\\x1b]52;c;eA\\x07\\x0a       -',
  );
});

test('wide characters count as two columns', () => {
  expect(visibleWidth('商店')).toBe(4);
  expect(truncate('商店', 3)).toBe('商…');
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdef', 4)).toBe('abc…');
});
