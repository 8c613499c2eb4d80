import { resolve } from 'node:path';
import { formatDuration } from '../src/base/index.ts';
import { checkRepository } from './check.ts';
import { runStage, type Stage } from './testing/stage.ts';
import { matrixStage } from './testing/matrix-stage.ts';
import { prepareHost } from './testing/prepare-host.ts';
import { formatTally, NO_TESTS, sumTallies, type Tally, type TallyLine } from './testing/tally.ts';
import { vitestStage } from './testing/vitest-stage.ts';

const root = resolve(import.meta.dirname, '..');
const MINUTE_MS = 60_000;
const WHOLE_RUN_MS = 70 * MINUTE_MS;

const results: TallyLine[] = [];

/** Everything that `npm test` does, in order; `npm test -- checks unit` does these two only. */
const stages: readonly Stage[] = [
  {
    key: 'checks',
    title: 'checks',
    deadlineMs: 3 * MINUTE_MS,
    hasTests: true,
    run: async (signal) => ({ ...NO_TESTS, ...(await checkRepository(signal)) }),
  },
  vitestStage(root, 'unit', 'unit tests', 4 * MINUTE_MS, results),
  {
    key: 'host',
    title: 'prepare the host for the tests with real machines: ./berth host setup --yes',
    deadlineMs: 6 * MINUTE_MS,
    hasTests: false,
    needed: true,
    run: async (signal) => {
      if (process.geteuid?.() !== 0)
        throw new Error('Real machines need root: sudo npm test. Without root: npm test -- checks unit');
      await prepareHost(root, signal);
      return NO_TESTS;
    },
  },
  vitestStage(root, 'e2e', 'tests with real machines', 60 * MINUTE_MS, results),
  matrixStage(root, results),
];

const wanted = process.argv.slice(2);
for (const key of wanted) {
  if (!stages.some((stage) => stage.key === key))
    throw new Error(`There is no stage ${key}: ${stages.map((each) => each.key).join(', ')}`);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => stop.abort(new Error(`Ended by ${name}`)));

const startedAt = performance.now();
const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WHOLE_RUN_MS)]);
const tallies: Tally[] = [];
for (const stage of stages.filter(({ key }) => wanted.length === 0 || wanted.includes(key))) {
  const tally = await runStage(stage, signal);
  tallies.push(tally);
  if (signal.aborted || (stage.needed === true && tally.failed > 0)) break;
}

const sum = sumTallies(tallies);
console.log(`\nAll of it took ${formatDuration(performance.now() - startedAt)}.`);
console.log(formatTally(sum));
process.exit(sum.failed === 0 && sum.passed > 0 ? 0 : 1);
