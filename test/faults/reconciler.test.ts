import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BerthEvent, DoctorReport, Environment } from '../../src/model/index.ts';
import { berth, berthJson, berthOk, inspect, removeAllEnvironments } from '../e2e/rig/berth.ts';
import { homeIdOf, sharedHome } from '../e2e/rig/home.ts';
import { answers, urlOf } from '../e2e/rig/http.ts';
import { cgroupsOf, onHost } from '../e2e/rig/leftovers.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { output, runProgram, StreamingProgram } from '../e2e/rig/program.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

/** What a living daemon has for a difference, from the moment on in which it is there. */
const WITHIN_MS = 60_000;
const CANARY = 'canary-7f3a91-secret';

let shop: Environment;
/** What was put in the way of both tests of the reconciler at once: it looks each half minute, and each look is for all of it. */
let taken: { readonly dns: number };
let left: Leftovers;

beforeAll(async () => {
  await prepareFaults(new Subject(sharedHome()));
  const file = await tinyProject('reconciled');
  const marked = readFileSync(file, 'utf8').replace(
    '    pull_policy: never\n',
    "    pull_policy: never\n    environment: ['DB_PASSWORD=${DB_PASSWORD}']\n",
  );
  writeFileSync(file, marked);
  const env = { ...process.env, DB_PASSWORD: CANARY };
  await berthOk(['up', '-f', file, '--name', 'reconciled'], { env });
  shop = await inspect('reconciled');
});
afterAll(() => removeAllEnvironments());

const events = async (): Promise<BerthEvent[]> =>
  (await berthOk(['events', '--json']))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as BerthEvent);
const table = () => `berth-${homeIdOf(sharedHome())}`;

async function within(what: () => Promise<boolean> | boolean): Promise<void> {
  await expect.poll(what, { timeout: WITHIN_MS, interval: 500 }).toBe(true);
}

test('doctor · nothing is wrong · nothing differs and it ends with 0', async () => {
  const { code, stdout } = await berth(['doctor']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing differs')]);
});

const ORPHAN = 'env-0000deadbeef';
const orphanDirectory = () => join(sharedHome(), 'environments', ORPHAN);
const foreignNamespace = `berth-${homeIdOf('/another/home')}-1`;
const ownNamespace = () => `berth-${homeIdOf(sharedHome())}-499999`;

interface Leftovers extends AsyncDisposable {
  readonly orphan: StreamingProgram;
  readonly stranger: StreamingProgram;
}

/** Takes away what the machine has on the host beside its process. */
async function takeAway(): Promise<{ readonly dns: number }> {
  rmSync(join(sharedHome(), 'run/api.sock'));
  await expect.poll(() => existsSync(join(sharedHome(), 'run/api.sock')), { timeout: 10_000 }).toBe(true);
  rmSync(shop.dockerSocket);
  await output(['nft', 'delete', 'table', 'inet', table()]);
  const dns = Number(readFileSync(join(sharedHome(), 'run/dns.pid'), 'utf8'));
  process.kill(dns, 'SIGKILL');
  await output(['umount', `/run/netns/${shop.namespace}`]);
  rmSync(`/run/netns/${shop.namespace}`);
  for (const group of cgroupsOf(homeIdOf(sharedHome())).filter((path) => path.endsWith(shop.id))) {
    const outside = join(group.slice(0, group.indexOf('/berth/')), 'cgroup.procs');
    for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      writeFileSync(outside, pid);
    rmdirSync(group);
  }
  return { dns };
}

/** Leaves about what belongs to nobody, and something that is another's. */
async function leaveAbout(): Promise<Leftovers> {
  const home = sharedHome();
  mkdirSync(orphanDirectory());
  writeFileSync(join(orphanDirectory(), 'disk-0.qcow2'), 'no disk');
  mkdirSync(join(home, 'templates/tpl-0000deadbeef'));
  writeFileSync(join(home, 'run/docker/old.sock'), '');
  for (const name of [foreignNamespace, ownNamespace()]) await output(['ip', 'netns', 'add', name]);
  const argv = (where: string) => [
    ...[
      'qemu-system-x86_64',
      '-name',
      `guest=${ORPHAN}`,
      '-nodefaults',
      '-display',
      'none',
      '-machine',
      'none',
    ],
    ...['-qmp', `unix:${where},server=on,wait=off`],
  ];
  const sockets = [join(orphanDirectory(), 'qmp.sock'), `${home}.work/reconciled/foreign.sock`] as const;
  const orphan = new StreamingProgram(argv(sockets[0]));
  const stranger = new StreamingProgram(argv(sockets[1]));
  await within(() => sockets.every((path) => existsSync(path)));
  const dispose = async () => {
    for (const program of [orphan, stranger]) await program[Symbol.asyncDispose]();
    for (const name of [foreignNamespace, ownNamespace()]) await runProgram(['ip', 'netns', 'del', name]);
  };
  return { orphan, stranger, [Symbol.asyncDispose]: dispose };
}

test('doctor · much is taken away and left about · it shows all of it, changes nothing, and ends with 1', async () => {
  taken = await takeAway();
  left = await leaveAbout();
  const { code, stdout } = await berth(['doctor', '--json']);
  const { ok, differences } = JSON.parse(stdout) as DoctorReport;
  expect([code, ok]).toEqual([1, false]);
  expect(new Set(differences.map(({ kind }) => kind))).toEqual(
    new Set([
      ...['endpoint-closed', 'namespace-unnamed', 'cgroup-left', 'orphan-process', 'orphan-directory'],
      ...['orphan-slot', 'incomplete-template', 'stray-socket'],
    ]),
  );
  expect(existsSync(orphanDirectory()) && !existsSync(shop.dockerSocket)).toBe(true);
});

test('reconciler · sockets, rules, name server, namespace and control group are taken away · all are back within 60 s, the machine goes on', async () => {
  await within(() => existsSync(shop.dockerSocket) && existsSync(`/run/netns/${shop.namespace}`));
  await within(async () => (await runProgram(['nft', 'list', 'table', 'inet', table()])).code === 0);
  await within(() => cgroupsOf(homeIdOf(sharedHome())).some((path) => path.endsWith(shop.id)));
  await within(() => Number(readFileSync(join(sharedHome(), 'run/dns.pid'), 'utf8')) !== taken.dns);
  await within(async () => (await berth(['doctor'])).code === 0);
  expect((await inspect('reconciled')).pid).toBe(shop.pid);
  expect(await answers(`${urlOf(shop)}/`)).toBe(true);
  expect(await output(['curl', '-s', '--unix-socket', shop.dockerSocket, 'http://d/_ping'])).toBe('OK');
  const told = (await events()).filter(({ kind }) => kind === 'host.repaired').map(({ message }) => message);
  for (const part of [
    'socket of the API',
    'Docker endpoint',
    'network namespace',
    'control group',
    'firewall rules',
    'name server',
  ])
    expect(told.filter((message) => message.includes(part))).not.toEqual([]);
});

test('reconciler · what belongs to nobody lies about · it is gone within 60 s, what is somebody else’s stays', async () => {
  await using about = left;
  const home = sharedHome();
  await within(() => !isRunning(about.orphan.pid) && !existsSync(orphanDirectory()));
  await within(async () => !(await onHost(home)).namespaces.includes(ownNamespace()));
  await within(() => !existsSync(join(home, 'templates/tpl-0000deadbeef')));
  await within(() => !existsSync(join(home, 'run/docker/old.sock')));
  expect(isRunning(about.stranger.pid)).toBe(true);
  expect(existsSync(`/run/netns/${foreignNamespace}`)).toBe(true);
  expect((await inspect('reconciled')).pid).toBe(shop.pid);
  const told = (await events()).filter(({ kind }) => kind === 'host.orphan-removed');
  expect(told.map(({ subject }) => subject)).toContain(`directory ${ORPHAN}`);
});

test('doctor · --repair is asked for · it mends at once, says what, and ends with 0', async () => {
  rmSync(shop.dockerSocket);
  expect((await berth(['doctor'])).code).toBe(1);
  const { code, stdout } = await berth(['doctor', '--repair']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('mended: reconciled')]);
  expect(existsSync(shop.dockerSocket)).toBe(true);
});

test('S18 · a secret in a variable of the Compose file · it is in no argument, environment, log, event or bundle', async () => {
  const bundle = `${sharedHome()}.work/reconciled/support.tar.gz`;
  await berthOk(['doctor', '--bundle', bundle]);
  const text = gunzipSync(readFileSync(bundle)).toString('latin1');
  expect(text).toContain('berth-support/doctor.json');
  expect(text).toContain('machines/reconciled/console.log');
  expect(text).not.toContain(CANARY);
  const home = sharedHome();
  for (const file of [
    'daemon.log',
    `environments/${shop.id}/console.log`,
    `environments/${shop.id}/qemu.log`,
  ])
    expect([file, readFileSync(join(home, file), 'utf8').includes(CANARY)]).toEqual([file, false]);
  const all = await berthOk(['events', '--json']);
  expect(all).not.toContain(CANARY);
  expect(await berthOk(['operation', 'ls', '--json'])).not.toContain(CANARY);
  const { stdout } = await runProgram(['grep', '-lsa', CANARY, ...(await procFiles())]);
  expect(stdout).toBe('');
});

/** Command lines of all processes, and environments of those of this home. */
async function procFiles(): Promise<string[]> {
  const pids = (await output(['ps', '-eo', 'pid='])).split('\n').map((line) => line.trim());
  const daemon = String((await berthJson<{ pid: number }>(['daemon', 'status'])).pid);
  return [
    ...pids.filter(Boolean).map((pid) => `/proc/${pid}/cmdline`),
    ...[daemon, String(shop.pid)].map((pid) => `/proc/${pid}/environ`),
  ];
}
