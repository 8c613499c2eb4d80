import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { formatDuration } from '../src/base/index.ts';
import { CRASH_POINTS_HIT, crashCoverage } from './testing/crash-coverage.ts';
import { caseRows, compareCases, faultCaseOf, formatRows, patternOf } from './testing/fault-cases.ts';
import { prepareHost } from './testing/prepare-host.ts';
import { runStage } from './testing/stage.ts';
import type { TallyLine } from './testing/tally.ts';
import { vitestStage } from './testing/vitest-stage.ts';

const root = resolve(import.meta.dirname, '..');
const WHOLE_RUN_MS = 40 * 60_000;
const HEADER = ['case', 'injected', 'promise'];

const wanted = process.argv.slice(2);
if (wanted.includes('--list')) await listCases();
else process.exit((await runCases()) ? 0 : 1);

/** What there is to run. Titles that are put together while the tests run are shown as they stand in the file. */
async function listCases(): Promise<void> {
  const argv = ['list', '--root', root, '--project', 'faults', '--json'];
  const { stdout } = await promisify(execFile)(join(root, 'node_modules/.bin/vitest'), argv);
  const listed = JSON.parse(stdout) as readonly { readonly name: string }[];
  const cases = listed.map(({ name }) => faultCaseOf(name)).filter((one) => one !== undefined);
  const rows = cases.toSorted(compareCases).map(({ name, injected, promise }) => [name, injected, promise]);
  for (const line of formatRows(HEADER, rows)) console.log(line);
}

/** Runs all cases, or those that the command line names; true when everything held. */
async function runCases(): Promise<boolean> {
  const startedAt = performance.now();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => stop.abort(new Error(`Ended by ${name}`)));
  if (wanted.length === 0) await prepareHost(root, stop.signal);
  const directory = mkdtempSync(join(tmpdir(), 'berth-faults-'));
  try {
    const hits = join(directory, 'crash-points');
    const results: TallyLine[] = [];
    const stage = vitestStage(root, 'faults', 'faults', WHOLE_RUN_MS, results, {
      ...(wanted.length === 0 ? {} : { pattern: patternOf(wanted) }),
      env: { [CRASH_POINTS_HIT]: hits },
    });
    const tally = await runStage(stage, stop.signal);
    const rows = caseRows(results);
    console.log('');
    for (const line of formatRows([...HEADER, 'held', 'time'], rows)) console.log(line);
    const covered = tellCrashPoints(hits);
    console.log(
      `\n${tally.passed} of ${tally.passed + tally.failed} held, in ${formatDuration(performance.now() - startedAt)}.`,
    );
    return tally.failed === 0 && tally.passed > 0 && covered;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A whole run that left a crash point out has not shown what it is for. */
function tellCrashPoints(file: string): boolean {
  const { hit, total, missed } = crashCoverage(file);
  if (wanted.length > 0 && hit === 0) return true;
  console.log(`\nThe daemon was killed at ${hit} of ${total} crash points.`);
  if (missed.length > 0) console.log(`not hit: ${missed.join(', ')}`);
  return wanted.length > 0 || missed.length === 0;
}
