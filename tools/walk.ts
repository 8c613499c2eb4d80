import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatDuration } from '../src/base/index.ts';
import { prepareFaults } from '../test/faults/rig/project.ts';
import { Subject } from '../test/faults/rig/subject.ts';
import { walk } from '../test/faults/rig/walk/walk.ts';
import { SmallHome } from '../test/faults/rig/walk/small-home.ts';
import { findClock } from '../test/faults/rig/walk/clock.ts';

const MINUTE_MS = 60_000;
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    operations: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '0' },
    json: { type: 'string' },
  },
});
const [seed, operations, minutes] = [values.seed, values.operations, values.minutes].map(Number);
if (
  seed === undefined ||
  operations === undefined ||
  minutes === undefined ||
  !Number.isFinite(seed + operations + minutes)
)
  throw new Error('--seed, --operations and --minutes are numbers');
if (process.geteuid?.() !== 0) throw new Error('Real machines need root: sudo npm run test:walk');

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
const startedAt = performance.now();
console.log(`seed ${seed}: at least ${operations} operations and ${minutes} min; again with --seed ${seed}`);
await using home = await SmallHome.make();
const clock = await findClock(home.path);
if (clock === undefined) console.log('libfaketime is not to be had: the clock is left as it is');
// What is built before the walk is built with the host's clock.
const builder = new Subject(home.path);
await prepareFaults(builder);
await builder.endDaemon();
const subject = new Subject(home.path, clock?.env ?? {});
await subject.startDaemon();
console.log(`prepared in ${formatDuration(performance.now() - startedAt)}`);
const report = await walk({
  ...{ subject, seed, operations, durationMs: minutes * MINUTE_MS, signal: stop.signal },
  tools: { ballast: home, ...(clock === undefined ? {} : { clock }) },
  onStep: (line) => console.log(`${formatDuration(performance.now() - startedAt).padStart(12)}  ${line}`),
});
const json = JSON.stringify(report, undefined, 2);
console.log(json);
if (values.json !== undefined) {
  mkdirSync(new URL('.', `file://${values.json}`).pathname, { recursive: true });
  writeFileSync(values.json, `${json}\n`);
}
console.log(
  `${report.operations} operations, ${report.checks} checks of all invariants, ${report.violations.length} violations`,
);
process.exitCode = report.violations.length === 0 ? 0 : 1;
