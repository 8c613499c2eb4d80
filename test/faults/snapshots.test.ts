import { closeSync, openSync, readdirSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment, Snapshot, SnapshotDiff } from '../../src/model/index.ts';
import { berthOk, inMachine } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { runProgram } from '../e2e/rig/program.ts';
import { workDirectory } from '../e2e/rig/tiny.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'moments';
const AT = `/environments/${NAME}`;
let subject: Subject;
let environment: Environment;

const value = async () => (await get(`${urlOf(environment)}/cgi-bin/get`)).trim();
const put = (text: string) => get(`${urlOf(environment)}/cgi-bin/put?${text}`);
const now = () => subject.environment(NAME);
const all = () => subject.ask<Snapshot[]>('GET', `/snapshots?environment=${NAME}`);
const take = (name: string, o: object = {}) => subject.run('POST', `${AT}/snapshots`, { name, ...o });
const restore = (name: string, o: object = {}) => subject.run('POST', `${AT}/snapshots/${name}/restore`, o);
const remove = (name: string) => subject.ask('DELETE', `${AT}/snapshots/${name}`);
/** Only the machine's memory knows it. */
const bootId = async () => (await guest('cat /proc/sys/kernel/random/boot_id')).trim();
const guest = (line: string) => inMachine(NAME, line, { home: subject.home });
const templateFile = (id: string, name: string) => join(subject.home, 'templates', id, name);

async function snapshot(name: string): Promise<Snapshot> {
  const found = (await all()).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no snapshot ${name}`);
  return found;
}

async function before(): Promise<Snapshot> {
  const found = (await all()).findLast(({ automatic }) => automatic);
  if (found === undefined) throw new Error('nothing was kept');
  return found;
}

/** What the file system checker of the host says of a disk, by a copy of it. */
async function checked(id: string): Promise<string> {
  const raw = join(workDirectory('moments'), 'disk.raw');
  const copy = ['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', templateFile(id, 'disk.qcow2'), raw];
  expect((await runProgram(copy, { timeoutMs: 60_000 })).code).toBe(0);
  const { code, stdout, stderr } = await runProgram(['e2fsck', '-fn', raw], { timeoutMs: 60_000 });
  return `${code} ${stdout}${stderr}`;
}

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: NAME });
  environment = await now();
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('of an environment that runs', () => {
  let boot: string;

  test('snapshot · with memory · a restore goes on from there, and what was before is kept', async () => {
    await put('first');
    boot = await bootId();
    await take('first', { memory: true, description: 'with what runs' });
    expect(await snapshot('first')).toMatchObject({ memory: true, consistency: 'memory', current: true });
    await put('second');
    await restore('first');
    expect(await value()).toBe('first');
    expect(await bootId()).toBe(boot);
    const { id, name, address, ports, state } = await now();
    expect({ id, name, address, ports, state }).toEqual({
      ...{ id: environment.id, name: NAME, address: environment.address, ports: environment.ports },
      state: 'running',
    });
    // The guest's clock is that of now, not of then.
    expect(Math.abs(Number(await guest('date +%s')) * 1000 - Date.now())).toBeLessThan(2_500);
    expect(await before()).toMatchObject({ parent: 'first', consistency: 'memory', current: false });
  });

  test('snapshot · the kept one is restored · nothing that was acknowledged before is lost', async () => {
    const { name } = await before();
    await restore(name, { discard: true });
    expect(await value()).toBe('second');
    expect(await bootId()).toBe(boot);
    expect(await snapshot(name)).toMatchObject({ current: true });
    expect((await all()).filter(({ automatic }) => automatic)).toHaveLength(1);
    await remove(name);
  });

  test('snapshot · one in the middle is removed · the tree closes, the ones below can be restored', async () => {
    await restore('first', { discard: true });
    await take('middle');
    await put('leaf');
    await take('leaf', { memory: true });
    await remove('middle');
    expect(await snapshot('leaf')).toMatchObject({ parent: 'first' });
    await put('later');
    expect(await berthOk(['snapshot', 'ls', NAME], { home: subject.home })).toMatch(
      /first .*\n.* └─ leaf \*/,
    );
    await restore('leaf', { discard: true });
    expect(await value()).toBe('leaf');
    await assertInvariants(subject);
  });

  test('snapshot · what differs · disk and definition are compared', async () => {
    await guest('dd if=/dev/urandom of=/root/more bs=1M count=5 conv=fsync 2>/dev/null');
    const diff = await subject.ask<SnapshotDiff>('GET', `${AT}/snapshots/leaf/diff`);
    expect(diff.changedBytes).toBeGreaterThan(5 * 1024 ** 2);
    expect(diff.changedBytes).toBeLessThan(64 * 1024 ** 2);
    expect(diff.definition).toEqual([]);
  });

  test('snapshot · the restored machine does not come up · the environment goes on as it was', async () => {
    await take('unfit');
    await put('untouched');
    const { id } = await snapshot('unfit');
    // Nothing stands on it yet, and no hash is kept of what is empty.
    truncateSync(templateFile(id, 'overlay.qcow2'));
    const operation = await subject.attempt('POST', `${AT}/snapshots/unfit/restore`, {});
    expect(operation.state).toBe('failed');
    expect((await now()).state).toBe('running');
    expect(await value()).toBe('untouched');
    expect(await bootId()).toBe(boot);
    expect((await all()).map(({ name }) => name)).toEqual(['first', 'leaf', 'unfit']);
    await remove('unfit');
  });

  test('#17 · a bit of a snapshot is flipped · its restore is refused, and nothing is touched', async () => {
    const { id } = await snapshot('leaf');
    const path = templateFile(id, 'disk.qcow2');
    const place = Math.floor(statSync(path).size / 2);
    flip(path, place);
    await subject.killDaemon();
    const { pid } = await now();
    await expect(restore('leaf', { memory: false })).rejects.toThrow('template-invalid');
    expect(await now()).toMatchObject({ state: 'running', pid });
    flip(path, place);
    await remove('leaf');
    await assertInvariants(subject);
  });
});

describe('under load', () => {
  const WRITE =
    'while :; do dd if=/dev/zero of=/root/load bs=64k count=40 conv=fsync; echo x >>/root/list; done';

  test('#40 · the guest writes all the while · the file system needs no repair, and it writes on', async () => {
    // What a login leaves behind ends with it.
    await guest(`systemd-run --quiet --unit writer /bin/sh -c '${WRITE}'`);
    await expect.poll(() => guest('cat /root/list 2>/dev/null || true')).toContain('x');
    await take('busy');
    const { id, consistency } = await snapshot('busy');
    expect(consistency).toBe('file-system');
    expect(await checked(id)).toMatch(/^0 /);
    const lines = Number(await guest('wc -l </root/list'));
    await expect.poll(async () => Number(await guest('wc -l </root/list'))).toBeGreaterThan(lines);
    await remove('busy');
  });

  test('#40 b · 30 snapshots come and go in a row · the disk stays shallow, nothing is lost', async () => {
    await put('bottom');
    let deepest = 0;
    for (let count = 1; count <= 30; count += 1) {
      await take('one');
      deepest = Math.max(deepest, (await snapshot('one')).layers);
      await remove('one');
    }
    await guest('systemctl kill --signal KILL writer');
    expect(deepest).toBeLessThan(24);
    expect(await value()).toBe('bottom');
    await assertInvariants(subject);
  });
});

describe('of one that does not run', () => {
  test('snapshot · frozen · it goes on standing still', async () => {
    await subject.run('POST', `${AT}/sleep`, { freeze: true });
    await take('frozen');
    expect(await snapshot('frozen')).toMatchObject({ consistency: 'file-system' });
    expect((await now()).state).toBe('frozen');
    await remove('frozen');
  });

  test('snapshot · asleep · it is not woken, and goes on after a restore with its memory', async () => {
    await put('dream');
    const boot = await bootId();
    await subject.run('POST', `${AT}/sleep`, {});
    await take('dream', { memory: true });
    expect((await now()).state).toBe('asleep');
    expect(await snapshot('dream')).toMatchObject({ consistency: 'memory', memory: true });
    // The visit wakes it.
    await put('awake');
    await restore('dream', { discard: true });
    expect(await value()).toBe('dream');
    expect(await bootId()).toBe(boot);
    await assertInvariants(subject);
  });

  test('snapshot · stopped · it stays so, also after a restore without memory', async () => {
    await subject.run('POST', `${AT}/stop`, {});
    await take('off');
    const { id, consistency } = await snapshot('off');
    expect(consistency).toBe('file-system');
    expect(await checked(id)).toMatch(/^0 /);
    await restore('off', { discard: true });
    expect((await now()).state).toBe('stopped');
    await expect(take('memory', { memory: true })).rejects.toThrow('not-running');
    await assertInvariants(subject);
  });

  test('#40 c · 24 snapshots come and go of one that is stopped · its disk stays shallow, and whole', async () => {
    let deepest = 0;
    for (let count = 1; count <= 24; count += 1) {
      await take('one');
      deepest = Math.max(deepest, (await snapshot('one')).layers);
      await remove('one');
    }
    expect(deepest).toBeLessThan(24);
    await take('last');
    expect(await checked((await snapshot('last')).id)).toMatch(/^0 /);
    await remove('last');
    await assertInvariants(subject);
  });

  test('snapshot · without memory · the machine boots from its disk', async () => {
    await restore('first', { discard: true });
    await put('rewritten');
    await restore('first', { memory: false, discard: true });
    expect((await now()).state).toBe('running');
    expect(await value()).toBe('first');
  });

  test('snapshot · the environment is removed · its snapshots go with it', async () => {
    await subject.run('DELETE', AT);
    expect(await subject.ask('GET', '/snapshots')).toEqual([]);
    const left = (await subject.templates()).map(({ id }) => id);
    expect(readdirSync(join(subject.home, 'templates')).sort()).toEqual(left.sort());
    await assertInvariants(subject);
  });
});

/** Changes one byte, or changes it back. */
function flip(path: string, position: number): void {
  const descriptor = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, position);
  writeSync(descriptor, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, position);
  closeSync(descriptor);
}
