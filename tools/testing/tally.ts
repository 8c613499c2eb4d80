/** How many tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const MAX_REASON_LINES = 6;
const MAX_REASON_CHARS = 300;

/** A tally of nothing. */
export const NO_TESTS: Tally = { passed: 0, failed: 0, skipped: 0 };

/** The sum of several tallies. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, each) => ({
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      skipped: sum.skipped + each.skipped,
    }),
    NO_TESTS,
  );
}

/** The closing line: `12 passed, 0 failed`, and `, 1 skipped` when there are any. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** What one line of a tally file says; see tally-reporter.ts. */
export interface TallyLine {
  readonly state: 'passed' | 'failed' | 'skipped';
  /** With the names of the groups around it, joined by ` > `. */
  readonly name: string;
  /** File of the test, from the root of the repository; empty for what is no test. */
  readonly file: string;
  /** What was told of its failure. */
  readonly why?: string;
  /** How long it took, in ms; absent for what is no test. */
  readonly ms?: number;
}

/**
 * Reads a tally file: one JSON value a line. A last line that was cut off in writing is left out; a run that was
 * ended by force is counted as failed by whoever ended it.
 */
export function readTally(text: string): TallyLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as TallyLine);
}

/** Counts the lines of a tally file. */
export function countTally(lines: readonly TallyLine[]): Tally {
  const count = (wanted: TallyLine['state']) => lines.filter(({ state }) => state === wanted).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** What failed and why, in a few lines each, for the end of a log of which only the end is read. */
export function failureLines(lines: readonly TallyLine[]): string[] {
  return lines
    .filter(({ state }) => state === 'failed')
    .flatMap(({ file, name, why = '' }) => [
      `failed: ${file === '' ? '' : `${file} > `}${name}`,
      ...why
        .split('\n')
        .filter((line) => line !== '')
        .slice(0, MAX_REASON_LINES)
        .map((line) => `  ${line.slice(0, MAX_REASON_CHARS)}`),
    ]);
}
