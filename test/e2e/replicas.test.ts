import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { BerthEvent, Environment } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  environments,
  inService,
  inspect,
  removeAllEnvironments,
  templates,
} from './rig/berth.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { tinyProject } from './rig/tiny.ts';

const NAME = 'many';
const SOON = { timeout: 60_000, interval: 250 };
/** Tells its name at once, and again as long as it is asked. */
const TALK = 'while read line; do cat /tmp/who; done';

let environment: Environment;

async function project(more = ''): Promise<string> {
  const file = await tinyProject('replicas', [
    { name: 'web', ports: ['8080:80'] },
    { name: 'talk', ports: ['7000:7000'], command: ['nc', '-ll', '-p', '7000', '-e', 'sh', '-c', TALK] },
  ]);
  if (more !== '') writeFileSync(file, `${readFileSync(file, 'utf8')}${more}`);
  return file;
}

const names = async () => (await environments()).map(({ name }) => name).sort();
const machines = async () => (await inspect(NAME)).replicas?.machines ?? [];
const up = async () => (await machines()).filter(({ health }) => health === 'up').length;
const events = async (kind: string) =>
  (await berthOk(['events', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent)
    .filter((event) => event.kind === kind && event.subject === NAME);

/** Every machine answers with its own name from now on. */
async function nameAll(): Promise<void> {
  for (const { name } of await machines())
    await inService(name, 'web', `echo ${name} >/www/index.html`).then(() =>
      inService(name, 'talk', `echo ${name} >/tmp/who`),
    );
}

/** Who answers `times` requests, with how often. */
async function answers(times: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < times; index++) {
    const name = (await get(urlOf(environment))).trim();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** A connection that stays; `ask` gives the name of the machine behind it. */
async function talk() {
  const socket = connect({ host: environment.address, port: 7000 });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const ask = async () => {
    socket.write('who\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString().trim();
  };
  return { socket, ask };
}

beforeAll(async () => {
  await prepareAlone();
  await berthOk(['up', '-f', await project(), '--name', NAME]);
  environment = await inspect(NAME);
});
afterAll(() => removeAllEnvironments());

test('three machines answer at the same port, in turn', async () => {
  const bad = await berth(['scale', NAME, '--replicas', '0']);
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('whole number')]);
  expect(await berthOk(['scale', NAME, '--replicas', '3'])).toContain('3 machines answer');
  expect(await names()).toEqual([NAME, 'many-r1', 'many-r2']);
  expect(await berthOk(['ls'])).toMatch(/many .*3\/3[\s\S]*many-r1 .*of many/);
  expect((await berthOk(['ls', '-q'])).trim()).toBe(NAME);
  const replica = await inspect('many-r1');
  expect(replica).toMatchObject({ replicaOf: environment.id, parent: NAME });
  await nameAll();
  const counts = await answers(9);
  expect([...counts.keys()].toSorted()).toEqual([NAME, 'many-r1', 'many-r2']);
  expect(Math.min(...counts.values())).toBeGreaterThan(1);
  expect((await berthFails(['sleep', 'many-r1'])).message).toContain('a replica of "many"');
});

test('one that dies under load costs no request that was not answered half, and is replaced', async () => {
  const victim = await inspect('many-r2');
  const url = urlOf(environment);
  let isOver = false;
  const failures: string[] = [];
  // What the retry rule leaves to clients: a request that was sent and not answered may be repeated by who knows that it may.
  const ask = () => get(url).catch(() => get(url));
  const load = Array.from({ length: 6 }, async () => {
    while (!isOver) await ask().catch((error: unknown) => failures.push(String(error)));
  });
  process.kill(victim.pid ?? 0, 'SIGKILL');
  await expect.poll(async () => (await events('replica.removed')).length, SOON).toBeGreaterThan(0);
  await expect.poll(up, SOON).toBe(3);
  isOver = true;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect((await events('replica.unhealthy'))[0]?.message).toContain('many-r2');
  expect((await inspect('many-r2')).id === victim.id).toBe(false);
});

test('the balancing outlives the daemon', async () => {
  const before = await machines();
  const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 20 }).toBe(false);
  expect((await machines()).map(({ id, health }) => [id, health])).toEqual(
    before.map(({ id }) => [id, 'up']),
  );
  await nameAll();
  expect((await answers(6)).size).toBe(3);
});

test('who is removed gets no more, and its connections may end', async () => {
  const lines = [await talk(), await talk(), await talk()];
  const held = await Promise.all(lines.map(({ ask }) => ask()));
  expect(held.toSorted()).toEqual([NAME, 'many-r1', 'many-r2']);
  const scaling = berthOk(['scale', NAME, '--replicas', '1', '--drain', '30s']);
  await expect.poll(async () => (await machines()).map(({ health }) => health), SOON).toContain('draining');
  expect([...(await answers(4)).keys()]).toEqual([NAME]);
  expect(await Promise.all(lines.map(({ ask }) => ask()))).toEqual(held);
  for (const { socket } of lines) socket.end();
  expect(await scaling).toContain('answers by itself');
  expect(await names()).toEqual([NAME]);
  const removed = await events('replica.removed');
  expect(removed.slice(-2).map(({ message }) => message)).toEqual([
    expect.stringContaining('no connection was cut'),
    expect.stringContaining('no connection was cut'),
  ]);
});

test('their number follows the load, and `up` replaces them', async () => {
  const policy = '  replicas: {max: 2, target: connections, value: 2, cool-down: 2s, drain: 1s}\n';
  await berthOk(['up', '-f', await project(policy), '--name', NAME]);
  const lines = [await talk(), await talk(), await talk()];
  await expect.poll(up, SOON).toBe(2);
  const [, first] = await machines();
  await berthOk(['up', '-f', await project(policy), '--name', NAME]);
  await expect.poll(async () => (await machines()).some(({ id }) => id === first?.id), SOON).toBe(false);
  await expect.poll(up, SOON).toBe(2);
  for (const { socket } of lines) socket.destroy();
  await expect.poll(names, SOON).toEqual([NAME]);
});

test('nothing is left of them', async () => {
  await berthOk(['scale', NAME, '--replicas', '2']);
  await berthOk(['stop', NAME]);
  expect(await names()).toEqual([NAME]);
  await berthOk(['rm', NAME]);
  expect(await environments()).toEqual([]);
  expect((await templates()).filter(({ name }) => name.startsWith('replicas-'))).toEqual([]);
});
