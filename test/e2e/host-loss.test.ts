import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { Environment } from '../../src/model/index.ts';
import {
  berthJson,
  berthOk,
  environments,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { onHost } from './rig/leftovers.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { output } from './rig/program.ts';
import { TINY_WEB, tinyProject } from './rig/tiny.ts';

const ANSWERS_WITHIN_MS = 5_000;
const BACK_WITHIN_MS = 150_000;
const web = { ...TINY_WEB, more: '    volumes: ["data:/data"]\n    restart: always' };

/** As a power cut would: the daemon and every machine at once, without a word, and the network namespaces, too. */
async function loseHost(): Promise<void> {
  const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
  const pids = [pid, ...(await environments()).flatMap((one) => one.pid ?? [])];
  for (const each of pids) process.kill(each, 'SIGKILL');
  for (const each of pids) await expect.poll(() => isRunning(each), { interval: 10 }).toBe(false);
  for (const name of (await onHost(sharedHome())).namespaces) await output(['ip', 'netns', 'del', name]);
}

const stateOf = async (name: string) => (await inspect(name)).state;

beforeAll(async () => {
  await prepareAlone();
  const file = await tinyProject('lost', [web]);
  writeFileSync(file, `${readFileSync(file, 'utf8')}volumes: {data: }\n`);
  await berthOk(['up', '-f', file, '--name', 'lost']);
  await fork('lost', '--name', 'lost-fork');
  await fork('lost', '--name', 'at-rest');
  await berthOk(['stop', 'at-rest', '--force']);
  await fork('lost', '--name', 'sleeper');
  await inMachine('sleeper', 'echo in memory >/run/note');
  await berthOk(['sleep', 'sleeper']);
  const single = await tinyProject('single', [TINY_WEB]);
  appendFileSync(single, '  restart: no\n');
  await berthOk(['up', '-f', single, '--name', 'single']);
  const run = (name: string, policy: string) =>
    `podman run -d --name ${name} --restart ${policy} localhost/berth/tiny:1 sleep 1000`;
  await inMachine('lost', [run('stays', 'always'), run('goes', 'no')].join('\n'));
  await inService('lost', 'web', 'echo kept >/data/kept; sync');
});
afterAll(() => removeAllEnvironments());

test('the daemon answers at once, while environments that ran are started again', async () => {
  await loseHost();
  const startedMs = performance.now();
  const seen = await environments();
  expect(performance.now() - startedMs).toBeLessThan(ANSWERS_WITHIN_MS);
  const states = new Map(seen.map(({ name, state }) => [name, state]));
  expect(states.get('lost')).toBe('starting');
  for (const name of ['lost', 'lost-fork'])
    await expect.poll(() => stateOf(name), { timeout: BACK_WITHIN_MS, interval: 500 }).toBe('running');
  const events = await berthOk(['events']);
  expect(events).toMatch(/environment\.lost {2}lost {2}its machine went down with the host/);
});

test('they have their data, address and ports as before', async () => {
  expect(await inService('lost', 'web', 'cat /data/kept')).toBe('kept\n');
  for (const name of ['lost', 'lost-fork']) expect(await get(urlOf(await inspect(name)))).toBe('hello\n');
});

test('containers outside of the Compose file come back as their restart policy says', async () => {
  const names = () => inMachine('lost', "podman ps --format '{{.Names}}'");
  await expect.poll(names, { timeout: 30_000, interval: 1_000 }).toContain('stays');
  expect(await names()).not.toContain('goes');
});

test('an environment that was stopped stays stopped', async () => {
  expect(await stateOf('at-rest')).toBe('stopped');
});

test('with x-berth.restart no it is found crashed, and says why', async () => {
  const single: Environment = await inspect('single');
  expect(single).toMatchObject({
    state: 'crashed',
    reason: expect.stringContaining('went down with the host'),
  });
});

test('one that was asleep sleeps on, and wakes with all it had in memory', async () => {
  expect(await stateOf('sleeper')).toBe('asleep');
  expect(await get(urlOf(await inspect('sleeper')))).toBe('hello\n');
  expect(await inMachine('sleeper', 'cat /run/note')).toBe('in memory\n');
});
