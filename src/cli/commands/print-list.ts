import type { JsonOptions, QuietOptions } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { type Column, formatTable } from '../format/table.ts';

/** What a list needs beside its columns. */
export interface ListWords<Row> {
  /** What `--quiet` prints of a row. */
  readonly name: (row: Row) => string;
  /** Said on stderr when there is no row. */
  readonly whenEmpty: string;
}

/** Prints a list as a table, as names (`--quiet`) or as JSON (`--json`). */
export function printList<Row>(
  cli: Cli,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: JsonOptions & QuietOptions,
  words: ListWords<Row>,
): void {
  if (options.json === true) return cli.out.line(formatJson(rows));
  if (options.quiet === true) {
    for (const row of rows) cli.out.line(words.name(row));
    return;
  }
  if (rows.length === 0) return cli.err.line(words.whenEmpty);
  for (const line of formatTable(columns, rows, { head: cli.out.style.dim })) cli.out.line(line);
}
