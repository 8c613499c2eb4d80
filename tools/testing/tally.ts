/** How many tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

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
export type TallyLine = 'passed' | 'failed' | 'skipped';

/**
 * Counts a tally file: one JSON value a line. A last line that was cut off in writing is left out; a run that was
 * ended by force is counted as failed by whoever ended it.
 */
export function countTallyLines(text: string): Tally {
  const states = text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { state: TallyLine }).state);
  const count = (wanted: TallyLine) => states.filter((state) => state === wanted).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
