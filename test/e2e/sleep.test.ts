import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sha256File } from '../../src/host/index.ts';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { Environment, BerthEvent } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  startBerth,
  statsOf,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { shopFile } from './rig/shop.ts';
import { makeTinyImage, TINY_IMAGE, workDirectory } from './rig/tiny.ts';

const NAME = 'sleeper';
/** More than the guest's own life changes from sleep to sleep. */
const FREED_BYTES = 120 * 1024 ** 2;
const IGNORED = '127.0.0.9';
const CLOCK_TOLERANCE_MS = 1_500;
const SOON = { timeout: 60_000, interval: 100 };

let environment: Environment;
const sockets: Socket[] = [];

const stateOf = async () => (await inspect(NAME)).state;
const wakes = async () =>
  (await berthOk(['events', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent)
    .filter(({ kind, subject }) => kind === 'environment.woken' && subject === NAME).length;
/** All that the machine's memory alone knows, such as the id of its boot. */
const bootId = () => inMachine(NAME, 'cat /proc/sys/kernel/random/boot_id');
const savedFiles = ({ id }: Environment) =>
  readdirSync(join(sharedHome(), 'environments', id)).filter((name) => name.startsWith('sleep-'));

function open(localAddress?: string): Socket {
  const host = environment.address;
  const socket = connect({ host, port: 6379, ...(localAddress === undefined ? {} : { localAddress }) });
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Counts one up, over a connection of its own or one that is there; gives the count. */
async function count(socket = open()): Promise<number> {
  let heard = '';
  const onData = (chunk: Buffer) => {
    heard += chunk.toString();
  };
  socket.on('data', onData);
  socket.write('INCR visits\r\n');
  await expect.poll(() => heard, SOON).toContain('\n');
  socket.off('data', onData);
  return Number(/^:(\d+)\r\n$/.exec(heard)?.[1]);
}

/** A web server, and a store that counts. */
async function project(idle = ''): Promise<string> {
  const directory = workDirectory('sleep');
  await makeTinyImage(directory);
  copyFileSync(join(dirname(await shopFile()), 'images/shop.tar'), join(directory, 'shop.tar'));
  const file = join(directory, 'compose.yaml');
  writeFileSync(
    file,
    `services:
  web: {image: ${TINY_IMAGE}, pull_policy: never, ports: ["8080:80"]}
  store:
    image: berth/shop:1
    pull_policy: never
    command: [valkey-server, --protected-mode, "no", --save, ""]
    ports: ["6379:6379"]
x-berth:
  images: [tiny.tar, shop.tar]
${idle}`,
  );
  return file;
}

async function killDaemon(): Promise<void> {
  const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 20 }).toBe(false);
}

beforeAll(async () => {
  await prepareAlone();
  await berthOk(['up', '-f', await project(), '--name', NAME]);
  environment = await inspect(NAME);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => removeAllEnvironments());

test('a frozen one uses no CPU, keeps its memory, and wakes with a connection', async () => {
  const before = await bootId();
  expect(await berthOk(['sleep', '--freeze', NAME])).toContain('is frozen');
  const { pid = 0, rest } = await inspect(NAME);
  expect(rest).toMatchObject({ cause: 'asked for' });
  const cpu = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).join();
  const used = cpu();
  expect((await berthJson<unknown[]>(['ps', NAME])).length).toBe(2);
  expect(await stateOf()).toBe('frozen');
  expect(cpu()).toBe(used);
  expect(await get(urlOf(environment))).toBe('hello\n');
  expect(await inspect(NAME)).toMatchObject({ state: 'running', pid });
  expect((await inspect(NAME)).rest).toBeUndefined();
  expect(await bootId()).toBe(before);
});

test('one that is asleep has no process, and goes on where it was; its clock is right', async () => {
  const before = await bootId();
  const { pid = 0 } = await inspect(NAME);
  await inService(NAME, 'web', 'echo in memory >/tmp/note');
  expect(await berthOk(['sleep', NAME])).toContain('is asleep');
  const asleep = await inspect(NAME);
  expect([asleep.state, asleep.pid, isRunning(pid)]).toEqual(['asleep', undefined, false]);
  expect(asleep.rest?.savedBytes).toBeGreaterThan(1024 ** 2);
  expect(savedFiles(asleep)).toHaveLength(1);
  expect(await get(urlOf(environment))).toBe('hello\n');
  expect(await inService(NAME, 'web', 'cat /tmp/note')).toBe('in memory\n');
  expect(await bootId()).toBe(before);
  const sent = Date.now();
  const guest = Number(await inMachine(NAME, 'date +%s%3N'));
  expect(guest).toBeGreaterThan(sent - CLOCK_TOLERANCE_MS);
  expect(guest).toBeLessThan(Date.now() + CLOCK_TOLERANCE_MS);
  expect(savedFiles(asleep)).toEqual([]);
});

test('a connection that is silent meanwhile stays, and what it asks next is answered once', async () => {
  const socket = open();
  await once(socket, 'connect');
  expect(await count(socket)).toBe(1);
  await berthOk(['sleep', '--freeze', NAME]);
  expect(await count(socket)).toBe(2);
  await berthOk(['sleep', NAME]);
  expect(await stateOf()).toBe('asleep');
  expect(await count(socket)).toBe(3);
  expect(await stateOf()).toBe('running');
});

test('two hundred connections to one sleeper wake it once, and each counts once', async () => {
  const from = await count();
  await berthOk(['sleep', NAME]);
  const before = await wakes();
  const counts = await Promise.all(Array.from({ length: 200 }, () => count()));
  expect(counts.toSorted((a, b) => a - b)).toEqual(counts.map((_, index) => from + 1 + index));
  expect(await wakes()).toBe(before + 1);
});

test('a wake goes before a sleep that is under way', async () => {
  const sleeping = startBerth(['sleep', NAME]);
  await expect
    .poll(stateOf, SOON)
    .not.toBe('running')
    .catch(() => undefined);
  expect(await get(urlOf(environment))).toBe('hello\n');
  await sleeping.ended;
  await expect.poll(stateOf, SOON).toBe('running');
  expect(await get(urlOf(environment))).toBe('hello\n');
});

test('commands and Docker clients wake it too; to look at it does not', async () => {
  await berthOk(['sleep', NAME]);
  expect((await berthJson<{ name: string }[]>(['ps', NAME])).map(({ name }) => name).sort()).toEqual([
    'store',
    'web',
  ]);
  await berthFails(['stats', NAME]);
  expect(await stateOf()).toBe('asleep');
  expect(await inService(NAME, 'web', 'echo here')).toBe('here\n');
  await berthOk(['sleep', NAME]);
  expect(await berthOk(['docker', NAME, '--', 'version', '--format', '{{.Server.Os}}'])).toBe('linux\n');
  await berthOk(['sleep', '--freeze', NAME]);
  expect(await berthOk(['start', NAME])).toContain('is running');
});

test('both outlive the daemon, and a file of what was saved is never used twice', async () => {
  const before = await bootId();
  await berthOk(['sleep', '--freeze', NAME]);
  await killDaemon();
  expect(await stateOf()).toBe('frozen');
  expect(await get(urlOf(environment))).toBe('hello\n');
  await berthOk(['sleep', NAME]);
  await killDaemon();
  expect(await stateOf()).toBe('asleep');
  expect(await get(urlOf(environment))).toBe('hello\n');
  await killDaemon();
  expect(await stateOf()).toBe('running');
  expect(savedFiles(environment)).toEqual([]);
  expect(await bootId()).toBe(before);
});

test('what the guest has freed is not kept, and the template stays as it is', async () => {
  const states = readdirSync(join(sharedHome(), 'templates'))
    .map((id) => join(sharedHome(), 'templates', id, 'state'))
    .filter((path) => existsSync(path));
  const hashes = () => Promise.all(states.map((path) => sha256File(path)));
  const before = await hashes();
  const saved = async () => {
    await berthOk(['sleep', NAME]);
    return (await inspect(NAME)).rest?.savedBytes ?? 0;
  };
  const first = await saved();
  await inMachine(NAME, `perl -e 'print "x" x ${FREED_BYTES}' >/dev/shm/freed; rm /dev/shm/freed`);
  const use = await statsOf(NAME);
  expect(use.ownBytes).toBeGreaterThan(FREED_BYTES);
  expect((await saved()) - first).toBeLessThan(FREED_BYTES / 4);
  expect(await get(urlOf(environment))).toBe('hello\n');
  expect((await statsOf(NAME)).ownBytes).toBeLessThan(use.ownBytes - FREED_BYTES / 2);
  expect(await hashes()).toEqual(before);
});

test('by its policy it freezes, then sleeps; who is to be passed over does not wake it', async () => {
  const idle = `  idle: {after: 4s, sleep-after: 3s, ignore: [${IGNORED}]}\n`;
  await berthOk(['up', '-f', await project(idle), '--name', NAME]);
  await expect.poll(stateOf, SOON).toBe('frozen');
  await expect.poll(stateOf, SOON).toBe('asleep');
  const probe = open(IGNORED);
  await once(probe, 'close');
  expect(await stateOf()).toBe('asleep');
  // What is open is in use, however silent.
  expect(await inService(NAME, 'web', 'sleep 8; echo woken')).toBe('woken\n');
  expect(await stateOf()).toBe('running');
  await expect.poll(stateOf, SOON).toBe('frozen');
});

test('one that sleeps is stopped, started, forked and removed as others are', async () => {
  await berthOk(['sleep', NAME]);
  await berthOk(['fork', NAME, '--name', 'of-sleeper']);
  expect(await get(urlOf(await inspect('of-sleeper')))).toBe('hello\n');
  await berthOk(['sleep', 'of-sleeper']);
  const { id, namespace } = await inspect('of-sleeper');
  expect(namespace).toBeUndefined();
  await berthOk(['rm', 'of-sleeper']);
  expect(existsSync(join(sharedHome(), 'environments', id))).toBe(false);
  await berthOk(['sleep', NAME]);
  await berthOk(['stop', '--force', NAME]);
  expect(await stateOf()).toBe('stopped');
  expect(savedFiles(environment)).toEqual([]);
  expect((await berthFails(['wake', NAME])).code).toBe('not-running');
  expect((await berth(['sleep', NAME])).code).not.toBe(0);
  await berthOk(['start', NAME]);
  expect(await get(urlOf(environment))).toBe('hello\n');
});
