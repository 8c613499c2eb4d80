import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BerthEvent, Environment } from '../../src/model/index.ts';
import { berthOk, environments, inspect, removeAllEnvironments } from '../e2e/rig/berth.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { tinyCompose, tinyProject, TINY_WEB } from '../e2e/rig/tiny.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'many';
const SOON = { timeout: 60_000, interval: 250 };
/** One virtual CPU for each CPU of the host: room for two machines more than these tests have, or one less. */
const TIGHT = { env: { ...process.env, BERTH_CPU_OVERCOMMIT: '1' } };

let environment: Environment;
let file: string;

const names = async () => (await environments()).map(({ name }) => name).sort();
const up = async () =>
  ((await inspect(NAME)).replicas?.machines ?? []).filter(({ health }) => health === 'up').length;
const events = async (kind: string) =>
  (await berthOk(['events', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent)
    .filter((event) => event.kind === kind && event.subject === NAME);

beforeAll(async () => {
  await prepareFaults(new Subject(sharedHome()));
  file = await tinyProject('replicas', [TINY_WEB]);
  await berthOk(['up', '-f', file, '--name', NAME]);
  environment = await inspect(NAME);
});
afterAll(async () => {
  await berthOk(['daemon', 'stop']);
  await removeAllEnvironments();
});

test('#10 c · the machine of an environment with replicas is killed · they answer at its ports, and a start brings it back', async () => {
  await berthOk(['scale', NAME, '--replicas', '2']);
  const { pid = 0 } = await inspect(NAME);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 10 }).toBe(false);
  for (let ask = 0; ask < 10; ask++) expect(await get(urlOf(environment))).toBe('hello\n');
  await expect.poll(async () => (await inspect(NAME)).state, SOON).toBe('crashed');
  expect(await get(urlOf(environment))).toBe('hello\n');
  await berthOk(['start', NAME]);
  await expect.poll(up, SOON).toBe(2);
  expect(await get(urlOf(environment))).toBe('hello\n');
  await berthOk(['scale', NAME, '--replicas', '1']);
  expect(await names()).toEqual([NAME]);
});

test('replicas · the host has no room for one more · the number stays, once told, and all is served', async () => {
  const policy = '  replicas: {max: 6, target: connections, value: 1, cool-down: 2s, drain: 1s}\n';
  writeFileSync(file, tinyCompose([TINY_WEB], policy));
  await berthOk(['daemon', 'stop']);
  await berthOk(['up', '-f', file, '--name', NAME], TIGHT);
  const lines = Array.from({ length: 8 }, () => connect({ host: environment.address, port: 8080 }));
  for (const socket of lines) {
    socket.on('error', () => undefined);
    if (socket.connecting) await once(socket, 'connect');
  }
  await expect.poll(async () => (await events('replica.failed')).length, SOON).toBe(1);
  const [failed] = await events('replica.failed');
  expect(failed?.message).toMatch(/vcpus|virtual CPU/i);
  const machines = await up();
  expect(machines).toBeLessThan(6);
  expect(await get(urlOf(environment))).toBe('hello\n');
  // It is tried again, and not told again.
  await expect.poll(up, SOON).toBe(machines);
  expect(await events('replica.failed')).toHaveLength(1);
  for (const socket of lines) socket.destroy();
  await expect.poll(names, SOON).toEqual([NAME]);
});
