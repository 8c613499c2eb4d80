import { escapeMetadata } from '../terminal/escape.ts';
import { visibleWidth } from './width.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Text of one cell; control characters in it are made visible. */
  readonly cell: (row: Row) => string | undefined;
  /** Figures stand on the right. */
  readonly align?: 'left' | 'right';
  /** Paints a cell after it was padded, so that widths stay right. */
  readonly paint?: (text: string, row: Row) => string;
}

/** How {@link formatTable} writes. */
export interface TableOptions {
  /** Paints the head line. */
  readonly head?: (text: string) => string;
  /** Text of an empty cell. */
  readonly empty?: string;
}

const GAP = '   ';

/** A table with a head line and columns as wide as their widest cell; lines without trailing spaces. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions = {},
): string[] {
  const empty = options.empty ?? '-';
  const cells = rows.map((row) => columns.map((column) => cellText(column.cell(row), empty)));
  const widths = columns.map((column, index) =>
    Math.max(visibleWidth(column.title), ...cells.map((row) => visibleWidth(row[index] ?? ''))),
  );
  const head = columns.map((column, index) => pad(column.title, widths[index] ?? 0, column.align)).join(GAP);
  const body = rows.map((row, rowIndex) =>
    columns
      .map((column, index) => {
        const last = index === columns.length - 1;
        const text = cells[rowIndex]?.[index] ?? '';
        const padded = last && column.align !== 'right' ? text : pad(text, widths[index] ?? 0, column.align);
        return column.paint === undefined ? padded : column.paint(padded, row);
      })
      .join(GAP)
      .trimEnd(),
  );
  const paintHead = options.head ?? ((text: string) => text);
  return [paintHead(head.trimEnd()), ...body];
}

function cellText(text: string | undefined, empty: string): string {
  return text === undefined || text === '' ? empty : escapeMetadata(text);
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'right' ? space + text : text + space;
}
