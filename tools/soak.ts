import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes, formatDuration } from '../src/base/index.ts';
import { berthOk } from '../test/e2e/rig/berth.ts';
import { faultProject, prepareFaults } from '../test/faults/rig/project.ts';
import { type Creation, runCycles } from '../test/faults/rig/soak/cycles.ts';
import { growthIn } from '../test/faults/rig/soak/growth.ts';
import { soakPlot } from '../test/faults/rig/soak/plot.ts';
import { Subject } from '../test/faults/rig/subject.ts';

const PURGE_TIMEOUT_MS = 180_000;
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    lanes: { type: 'string', default: '2' },
    create: { type: 'string', default: 'up' },
    home: { type: 'string' },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});
if (process.geteuid?.() !== 0) throw new Error('Real machines need root: sudo npm run test:soak');
if (values.create !== 'up' && values.create !== 'template') throw new Error('--create is up or template');
const creation: Creation = values.create;
const [cycles, lanes] = [Number(values.cycles), Number(values.lanes)];
if (!(cycles >= 1) || !(lanes >= 1)) throw new Error('--cycles and --lanes are numbers from 1 on');

const directory = mkdtempSync(join(tmpdir(), 'berth-soak-'));
const home = values.home ?? join(directory, 'h');
const subject = new Subject(home);
mkdirSync(home, { recursive: true });
try {
  await prepareFaults(subject);
  // The daemon begins anew, with everything made that it needs.
  await subject.endDaemon();
  await subject.startDaemon();
  const file = await faultProject(join(`${home}.work`, 'soak'));
  const samples = await runCycles({
    ...{ subject, cycles, lanes, creation, file },
    onSample: ({ cycles: done, atMs, descriptors, ownBytes, files, namespaces, rows }) =>
      console.log(
        `${done} cycles, ${formatDuration(atMs)}: ${descriptors} descriptors, ${formatBytes(ownBytes)}, ${files} files, ${namespaces} namespaces, ${rows} rows`,
      ),
  });
  const growth = growthIn(samples);
  const report = {
    cycles,
    lanes,
    creation,
    perCycleMs: Math.round((samples.at(-1)?.atMs ?? 0) / cycles),
    growth,
    samples,
  };
  write(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  write(values.svg, soakPlot(`${cycles} cycles of create, fork, stop, start and remove`, samples));
  console.log(
    `${formatDuration(report.perCycleMs)} for each cycle; ${growth.length === 0 ? 'nothing grew' : growth.join('; ')}`,
  );
  process.exitCode = growth.length === 0 ? 0 : 1;
} finally {
  const purge = values.home === undefined ? ['--purge'] : [];
  await berthOk(['down', '--all', ...purge, '--yes'], { home, timeoutMs: PURGE_TIMEOUT_MS });
  if (values.home !== undefined) await subject.endDaemon();
  rmSync(directory, { recursive: true, force: true });
}

function write(path: string | undefined, content: string): void {
  if (path === undefined) return;
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, content);
}
