import { formatDuration } from '../../src/base/index.ts';
import type { TallyLine } from './tally.ts';

/** One test of the fault suite, as its title tells it. */
export interface FaultCase {
  /** `#10`, `#10 b`, `S3`, or the area that it is about. */
  readonly name: string;
  readonly injected: string;
  readonly promise: string;
}

const SEPARATOR = ' · ';
/** Between the names of a group and of what is in it. */
const GROUP_SEPARATOR = ' > ';
/** A second test of the same case has a letter after its number. */
const LETTER = '(?: [a-z])?';

/** Reads `#10 · QEMU is killed · the environment is crashed within 2 s`; undefined when a title has another form. */
export function faultCaseOf(title: string): FaultCase | undefined {
  const own = title.split(GROUP_SEPARATOR).at(-1) ?? '';
  const [name, injected, ...promise] = own.split(SEPARATOR).map((part) => part.trim());
  if (name === undefined || injected === undefined || promise.length === 0) return undefined;
  return { name, injected, promise: promise.join(SEPARATOR) };
}

/** Which titles belong to the cases `wanted`: `10` and `#10` for a number of the list, `S3` for a check, or an area such as `snapshot`. */
export function patternOf(wanted: readonly string[]): string {
  const names = wanted.map((one) =>
    /^\d+$/.test(one) ? `#${one}` : one.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  return `(?:^|\\s)(?:${names.join('|')})${LETTER}${SEPARATOR}`;
}

/** Cases in the order of their numbers, then checks, then areas. */
export function compareCases(one: FaultCase, other: FaultCase): number {
  return rankOf(one.name) - rankOf(other.name) || one.name.localeCompare(other.name, 'en', { numeric: true });
}

function rankOf(name: string): number {
  return name.startsWith('#') ? 0 : /^S\d/.test(name) ? 1 : 2;
}

/** The rows `case · injected · promise · held · time`; what is no test of a case, such as a file that cannot be loaded, did not hold either. */
export function caseRows(lines: readonly TallyLine[]): string[][] {
  const cases = lines
    .filter(({ state }) => state !== 'skipped')
    .map((line) => ({
      line,
      ...(faultCaseOf(line.name) ?? { name: '?', injected: line.name, promise: '' }),
    }));
  return cases
    .toSorted(compareCases)
    .map(({ line, name, injected, promise }) => [
      name,
      injected,
      promise,
      line.state === 'passed' ? 'yes' : 'NO',
      line.ms === undefined ? '' : formatDuration(line.ms),
    ]);
}

/** Columns as wide as their widest cell. */
export function formatRows(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
