import { idOf, type SupportRow } from '../../src/compose/support/row.ts';
import { supportTable } from '../../src/compose/support/table.ts';
import type { TallyLine } from '../testing/tally.ts';
import { withPrinted } from './between-markers.ts';

/** A test that shows a row: it has the row's name. */
export interface ShownBy {
  readonly file: string;
  /** Groups of the file in each of which the test must have passed. */
  readonly groups: readonly string[];
}

const IN_MACHINES: ShownBy = {
  file: 'test/e2e/compose-matrix.test.ts',
  groups: ['on a fresh environment', 'on a fork'],
};
const BEFORE_START: ShownBy = {
  file: 'test/unit/compose/support.test.ts',
  groups: ['is read as the table says:'],
};

const SECTIONS: readonly (readonly [title: string, prefix: string])[] = [
  ['Writing', 'yaml.'],
  ['Top of the file', ''],
  ['Services', 'services.*.'],
  ['Networks', 'networks.*.'],
  ['Volumes', 'volumes.*.'],
  ['Configs', 'configs.*.'],
  ['Secrets', 'secrets.*.'],
];
const HEAD = '| element | for example | verdict | how, or why | shown by |\n|---|---|---|---|---|';

/** Which test shows a row: what is refused is refused before a machine starts, the rest is looked at in machines. */
export function shownBy({ verdict }: SupportRow): ShownBy {
  return verdict === 'refused' ? BEFORE_START : IN_MACHINES;
}

/** True when the tests that show a row have all passed. */
export function isShown(row: SupportRow, results: readonly TallyLine[]): boolean {
  const { file, groups } = shownBy(row);
  const names = groups.map((group) => `${group} > ${idOf(row)}`);
  return names.every((name) => {
    const found = results.filter((result) => result.file === file && result.name === name);
    return found.length > 0 && found.every(({ state }) => state === 'passed');
  });
}

/** The matrix as Markdown; `shown` says whether the test of a row has passed. */
export function composeMatrix(shown: (row: SupportRow) => boolean): string {
  const parts = SECTIONS.flatMap(([title, prefix]) => {
    const rows = supportTable.filter((row) => sectionOf(row) === prefix);
    return [`### ${title}`, '', HEAD, ...rows.map((row) => rowLine(row, prefix, shown(row))), ''];
  });
  return [`${countsLine()}`, '', ...parts].join('\n').trimEnd();
}

/** `docs/compose.md` with the matrix replaced in it. */
export function withComposeMatrix(page: string, matrix: string): string {
  return withPrinted(page, 'tools/print-matrix.ts', matrix);
}

function sectionOf({ at }: SupportRow): string {
  const prefixes = SECTIONS.map(([, prefix]) => prefix).filter((prefix) => prefix !== '');
  return prefixes.find((prefix) => at.startsWith(prefix)) ?? '';
}

function countsLine(): string {
  const count = (verdict: SupportRow['verdict']) =>
    supportTable.filter((row) => row.verdict === verdict).length;
  return `${supportTable.length} elements: ${count('works')} work, ${count('differs')} differ, ${count('refused')} are refused.`;
}

function rowLine(row: SupportRow, prefix: string, shown: boolean): string {
  const { verdict, words, example } = row;
  const name = `${row.at.slice(prefix.length)}${row.form === undefined ? '' : ` ${row.form}`}`;
  const { file } = shownBy(row);
  const link = shown ? `[${verdict === 'refused' ? 'check' : 'machines'}](../${file})` : '**not shown**';
  const cells = [code(name), code(example === '' ? ' ' : example), verdict, words, link];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return text === ' ' ? '' : `\`${text}\``;
}
