import { formatDuration } from '../../src/base/index.ts';
import type { Check, Outcome } from './outcome.ts';

/** How many checks passed and failed. */
export interface CheckReport {
  readonly passed: number;
  readonly failed: number;
}

const AT_ONCE = 2;
const SHOWN_LINES = 80;

/** Runs checks two at a time; prints a line for each as it ends, and its problems below it. */
export async function runChecks(
  checks: readonly Check[],
  root: string,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<CheckReport> {
  const waiting = [...checks];
  let failed = 0;
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now();
      const outcome = await runCheck(check, root, signal);
      if (outcome.problems.length > 0) failed += 1;
      print(lineOf(check, outcome, performance.now() - startedAt));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { passed: checks.length - failed, failed };
}

async function runCheck(check: Check, root: string, signal: AbortSignal): Promise<Outcome> {
  try {
    const outcome = await check.run(root, signal);
    if (outcome.seen > 0 || outcome.problems.length > 0) return outcome;
    return { ...outcome, problems: [`saw no ${outcome.unit}: a check that looks at nothing proves nothing`] };
  } catch (error) {
    return {
      seen: 0,
      unit: 'files',
      problems: [`did not work: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

function lineOf({ name }: Check, { problems, seen, unit }: Outcome, ms: number): string {
  const mark = problems.length === 0 ? '✓' : '✗';
  const line = `${mark} ${name.padEnd(22)} ${`${seen} ${unit}`.padEnd(14)} ${formatDuration(ms)}`;
  return [line, ...problems.map((problem) => shorten(problem).replaceAll(/^/gm, '    '))].join('\n');
}

function shorten(problem: string): string {
  const lines = problem.split('\n');
  if (lines.length <= SHOWN_LINES) return problem;
  return [...lines.slice(0, SHOWN_LINES), `… and ${lines.length - SHOWN_LINES} more lines`].join('\n');
}
