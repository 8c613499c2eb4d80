import { cpSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { type BerthOptions, berthFails, berthJson, berthOk, inMachine } from '../e2e/rig/berth.ts';
import { ROOT, sharedHome } from '../e2e/rig/home.ts';
import { answers, urlOf } from '../e2e/rig/http.ts';
import { OtherHome } from '../e2e/rig/other-home.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { output, runProgram, StreamingProgram } from '../e2e/rig/program.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { EventWatch } from './rig/event-watch.ts';
import { assertInvariants } from './rig/invariants.ts';
import { prepareImage } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const MEBIBYTE = 1024 ** 2;
const SIZE_MIB = 3_072;
const INODES = 2_048;

/** A home on a file system of its own, that can be filled. */
let small: OtherHome;
let subject: Subject;
let shop: Environment;
let file: string;

const at = (): BerthOptions => ({ home: small.path });
const free = () => {
  const { bavail, bsize } = statfsSync(small.path);
  return bavail * bsize;
};
const ballast = () => join(small.path, 'ballast');

/** Leaves so many bytes of the file system, and no more. */
async function fillUp(leaveBytes: number): Promise<void> {
  const bytes = Math.max(0, free() - leaveBytes);
  await output(['fallocate', '-l', String(bytes), ballast()]);
  // What is set aside for metadata is not all of it: the rest goes in small pieces.
  await runProgram([
    'dd',
    'if=/dev/zero',
    `of=${ballast()}.rest`,
    'bs=64k',
    `count=${Math.max(0, Math.floor((free() - leaveBytes) / 65_536))}`,
  ]);
}

const empty = () => {
  for (const path of [ballast(), `${ballast()}.rest`]) rmSync(path, { force: true });
};

/** Everything in the home by its path, but for what is written all the time. */
function filesOf(): string[] {
  return readdirSync(small.path, { recursive: true })
    .map(String)
    .filter((path) => !/berth\.db|\.log$|ballast|\.sock$|qemu\.out$/.test(path))
    .sort();
}

beforeAll(async () => {
  await prepareImage(sharedHome());
  small = await OtherHome.onDisk(SIZE_MIB, INODES);
  mkdirSync(join(small.path, 'images'), { mode: 0o755 });
  // Built once is enough: an image is the same wherever it lies.
  writeFileSync(join(small.path, 'berth-home'), '');
  cpSync(join(sharedHome(), 'images'), join(small.path, 'images'), {
    recursive: true,
    preserveTimestamps: true,
  });
  file = await tinyProject('limits');
  await berthOk(['up', '-f', file, '--name', 'shop'], at());
  subject = new Subject(small.path);
  shop = await subject.environment('shop');
});
afterAll(async () => {
  empty();
  await small[Symbol.asyncDispose]();
});

async function isWell(): Promise<void> {
  expect((await subject.environment('shop')).pid).toBe(shop.pid);
  expect(await answers(`${urlOf(shop)}/`)).toBe(true);
  await assertInvariants(subject, { untouched: [shop.pid ?? -1] });
}

test.for([
  ['fork', ['fork', 'shop', '--name', 'copy']],
  ['sleep', ['sleep', 'shop']],
  ['up', ['up', '--name', 'other']],
  ['template create', ['template', 'create', 'shop', 'kept']],
] as const)(
  '#6 · the disk is full during %s · a failure that says so, nothing half-made, reads go on',
  async ([what, argv]) => {
    const before = filesOf();
    await fillUp(6 * MEBIBYTE);
    try {
      const full = what === 'up' ? [...argv, '-f', file] : argv;
      const failure = await berthFails(full, at());
      expect([failure.code, failure.exitCode]).toEqual([
        expect.stringMatching(/^(?:disk-full|capacity-exceeded)$/),
        5,
      ]);
      expect(failure.remedy).not.toBe('');
      expect((await berthJson<Environment[]>(['ls'], at())).map(({ name }) => name)).toEqual(['shop']);
      expect(filesOf()).toEqual(before);
    } finally {
      empty();
    }
    await isWell();
  },
);

test('#6 b · a guest writes while the disk is full · it stands still, that is told, and it goes on by itself', async () => {
  const events = await EventWatch.open(small.path);
  await fillUp(4 * MEBIBYTE);
  const writer = inMachine('shop', 'dd if=/dev/urandom of=/root/noise bs=1M count=40 conv=fsync 2>&1', at());
  writer.catch(() => undefined);
  try {
    await events.next('environment.io-error', 'shop', 60_000);
    expect((await subject.environment('shop')).state).toBe('degraded');
  } finally {
    empty();
  }
  await events.next('environment.io-resumed', 'shop', 20_000);
  await writer;
  events.close();
  expect((await subject.environment('shop')).state).toBe('running');
  await isWell();
});

test('#6 c · after the disk was full · all of it works without a restart of the daemon', async () => {
  await berthOk(['fork', 'shop', '--name', 'copy'], at());
  await berthOk(['sleep', 'copy'], at());
  await berthOk(['wake', 'copy'], at());
  await berthOk(['rm', '--force', 'copy'], at());
  await isWell();
});

test('#7 · no inode is left · a failure that says so, nothing half-made', async () => {
  const before = filesOf();
  const directory = join(small.path, 'ballast');
  mkdirSync(directory);
  for (let left = statfsSync(small.path).ffree; left > 1; left -= 1)
    writeFileSync(join(directory, String(left)), '');
  try {
    const failure = await berthFails(['fork', 'shop', '--name', 'copy'], at());
    expect(failure.code).toBe('disk-full');
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(filesOf()).toEqual(before);
  await isWell();
});

test('#7 b · the daemon has few file descriptors · it says so, does not end, and its machines go on', async () => {
  const pid = (await subject.daemonPid()) ?? -1;
  const used = readdirSync(`/proc/${pid}/fd`).length;
  await output(['prlimit', '--pid', String(pid), `--nofile=${used + 2}:20000`]);
  try {
    const failure = await berthFails(['fork', 'shop', '--name', 'copy'], at()).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeDefined();
    expect(isRunning(pid)).toBe(true);
  } finally {
    await output(['prlimit', '--pid', String(pid), '--nofile=20000:20000']);
  }
  expect(await subject.daemonPid()).toBe(pid);
  await expect
    .poll(async () => (await subject.environments()).map(({ name }) => name), { timeout: 60_000 })
    .toEqual(['shop']);
  await isWell();
});

for (const [letter, what, options] of [
  ['', 'read-only', 'ro'],
  ['b ', 'full', 'rw,size=4k,nr_inodes=1'],
] as const) {
  test(`#8 ${letter}· the directory of sockets is ${what} when a daemon starts · it says so, machines go on, and the next daemon has them`, async () => {
    await subject.endDaemon();
    const run = join(small.path, 'run');
    await output(['mount', '-t', 'tmpfs', '-o', options, 'berth-faults', run]);
    try {
      await using daemon = new StreamingProgram([join(ROOT, 'berth'), 'serve'], {
        env: { ...process.env, BERTH_HOME: small.path },
      });
      const { code, stderr } = await daemon.ended;
      expect([code, stderr]).toEqual([
        expect.toSatisfy((one: number) => one !== 0),
        expect.stringContaining('next:'),
      ]);
      expect(isRunning(shop.pid ?? -1)).toBe(true);
    } finally {
      await runProgram(['umount', run]);
    }
    await subject.startDaemon();
    await isWell();
  });
}
