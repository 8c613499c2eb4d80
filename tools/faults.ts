import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { formatDuration } from '../src/base/index.ts';
import { newHome } from '../test/e2e/rig/home.ts';
import { removeTestHomes, testHomes } from '../test/e2e/rig/test-homes.ts';
import { CRASH_POINTS_HIT, crashCoverage } from './testing/crash-coverage.ts';
import { caseRows, compareCases, faultCaseOf, formatRows, patternOf } from './testing/fault-cases.ts';
import { runsAlone } from './testing/fault-files.ts';
import { prepareHost } from './testing/prepare-host.ts';
import { runStage, type Stage } from './testing/stage.ts';
import { NO_TESTS, sumTallies, type Tally, type TallyLine } from './testing/tally.ts';
import { vitestStage } from './testing/vitest-stage.ts';

const root = resolve(import.meta.dirname, '..');
/** Files at a time, each in a home of its own. */
const LANES = 2;
const TOGETHER_MS = 40 * 60_000;
const ALONE_MS = 15 * 60_000;
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
    const tallies: Tally[] = [];
    await inTestHomes(async (home) => {
      const variables = { [CRASH_POINTS_HIT]: hits, BERTH_TEST_HOME: home };
      for (const stage of stagesOf(variables, results)) tallies.push(await runStage(stage, stop.signal));
    }).catch((error: unknown) => {
      console.log(error instanceof Error ? error.message : String(error));
      tallies.push({ ...NO_TESTS, failed: 1 });
    });
    const rows = caseRows(results);
    console.log('');
    for (const line of formatRows([...HEADER, 'held', 'time'], rows)) console.log(line);
    const covered = tellCrashPoints(hits);
    const { passed, failed } = sumTallies(tallies);
    const took = formatDuration(performance.now() - startedAt);
    console.log(`\n${passed} of ${passed + failed} held, in ${took}.`);
    return failed === 0 && passed > 0 && covered;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Most files run two at a time; those that a busy neighbour would spoil come after them, alone. */
function stagesOf(variables: Readonly<Record<string, string>>, results: TallyLine[]): Stage[] {
  const directory = join(root, 'test/faults');
  const files = readdirSync(directory).filter((name) => name.endsWith('.test.ts'));
  const pattern = wanted.length === 0 ? {} : { pattern: patternOf(wanted) };
  const stage = (title: string, deadlineMs: number, lanes: number, alone: boolean) =>
    vitestStage(root, 'faults', title, deadlineMs, results, {
      ...pattern,
      files: files.filter((name) => runsAlone(name) === alone).map((name) => `test/faults/${name}`),
      env: { ...variables, BERTH_TEST_LANES: String(lanes) },
    });
  return [
    stage(`faults, ${LANES} files at a time`, TOGETHER_MS, LANES, false),
    stage('faults that are measured on a quiet host', ALONE_MS, 1, true),
  ];
}

/** The homes are those of both parts; they are removed at the end, unless BERTH_TEST_HOME names one that is kept. */
async function inTestHomes(run: (home: string) => Promise<void>): Promise<void> {
  const kept = process.env['BERTH_TEST_HOME'];
  const homes = testHomes(kept ?? newHome(), LANES);
  try {
    await run(homes[0] ?? '');
  } finally {
    if (kept === undefined) await removeTestHomes(homes);
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
