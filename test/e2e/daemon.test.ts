import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { Environment } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  environments,
  fork,
  inMachine,
  inService,
  inspect,
  operations,
  removeAllEnvironments,
  removeEnvironments,
  startBerth,
  statsOf,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { answers, get, urlOf } from './rig/http.ts';
import { onHost } from './rig/leftovers.ts';
import { guestUrl } from './rig/namespace.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { TINY_WEB, tinyProject } from './rig/tiny.ts';

const DAEMON_EXIT_CODE = 6;
const PORTS_BACK_WITHIN_MS = 5_000;

const daemonStatus = () => berthJson<DaemonStatus>(['daemon', 'status']);

/** Ends the daemon without a chance to tidy up; done when it is gone. */
async function killDaemon(): Promise<void> {
  const { pid } = await daemonStatus();
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 10 }).toBe(false);
}

/** An answer of each, taken straight at the guest. */
async function answersOfGuests(all: readonly Environment[]): Promise<string[]> {
  return Promise.all(all.map(async (environment) => get(`${await guestUrl(environment)}/`)));
}

describe('five environments and their daemon', () => {
  let five: Environment[];

  beforeAll(async () => {
    await prepareAlone();
    await berthOk(['up', '-f', await tinyProject('five', [TINY_WEB]), '--name', 'five']);
    await fork('five', '--count', '4');
    five = await environments();
  });
  afterAll(() => removeAllEnvironments());

  test('a daemon that is killed takes no machine with it: every guest answers', async () => {
    expect(five.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'running'));
    await killDaemon();
    expect(await answersOfGuests(five)).toEqual(Array.from({ length: 5 }, () => 'hello\n'));
    expect(await Promise.all(five.map((environment) => answers(urlOf(environment))))).not.toContain(true);
  });

  test('the next command starts a daemon that adopts them: their ports answer within 5 s', async () => {
    const startedMs = performance.now();
    const adopted = await environments();
    const waiting = new Set(adopted.map((environment) => urlOf(environment)));
    await expect
      .poll(
        async () => {
          for (const url of waiting) if (await answers(url)) waiting.delete(url);
          return waiting.size;
        },
        { timeout: 30_000, interval: 20 },
      )
      .toBe(0);
    const tookMs = performance.now() - startedMs;
    console.log(`ports of five environments were back after ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(PORTS_BACK_WITHIN_MS);
    expect(adopted.map(({ name, pid, state }) => [name, pid, state])).toEqual(
      five.map(({ name, pid }) => [name, pid, 'running']),
    );
  });

  test('adopted environments can be used like any other', async () => {
    const { name } = five[1] as Environment;
    expect(await inService(name, 'web', 'echo $((6 * 7))')).toBe('42\n');
    expect((await inMachine(name, 'cat /proc/sys/kernel/hostname')).trim()).toBe(name);
    expect((await statsOf(name)).ownBytes).toBeGreaterThan(0);
    const [copy] = await fork(name, '--name', 'of-adopted');
    expect(await get(urlOf(copy as Environment))).toBe('hello\n');
    await removeEnvironments(['of-adopted']);
  });

  test('a machine that ends while no daemon is there is found crashed, and the others are not touched', async () => {
    const victim = five[4] as Environment;
    await killDaemon();
    process.kill(victim.pid as number, 'SIGKILL');
    await expect.poll(() => isRunning(victim.pid as number), { interval: 10 }).toBe(false);
    const seen = await environments();
    expect(seen.find(({ name }) => name === victim.name)).toMatchObject({
      state: 'crashed',
      reason: expect.stringContaining('while the daemon was not there'),
    });
    expect(seen.filter(({ state }) => state === 'running')).toHaveLength(4);
    expect((await onHost(sharedHome())).machines).toHaveLength(4);
    await removeEnvironments([victim.name]);
  });

  test('a daemon that is stopped leaves the machines running', async () => {
    const before = (await environments()).map(({ name, pid }) => [name, pid]);
    const { pid } = await daemonStatus();
    expect(await berthOk(['daemon', 'stop'])).toContain(String(pid));
    expect(isRunning(pid)).toBe(false);
    expect(await answersOfGuests(five.slice(0, 4))).toEqual(Array.from({ length: 4 }, () => 'hello\n'));
    expect((await environments()).map((one) => [one.name, one.pid])).toEqual(before);
  });

  test('a second daemon on the same home ends at once and names the first', async () => {
    const { pid } = await daemonStatus();
    const { code, stderr } = await berth(['serve'], { timeoutMs: 20_000 });
    expect(code).toBe(DAEMON_EXIT_CODE);
    expect(stderr).toContain(`process ${pid} already runs the daemon of ${sharedHome()}`);
    expect(stderr).toContain('next:');
    expect((await daemonStatus()).pid).toBe(pid);
  });

  test('--no-autostart starts nothing and says how to', async () => {
    await berthOk(['daemon', 'stop']);
    expect(await berthFails(['ls', '--no-autostart'])).toMatchObject({
      code: 'daemon-not-running',
      exitCode: DAEMON_EXIT_CODE,
      remedy: expect.stringContaining('./berth serve'),
    });
    expect(await berthFails(['daemon', 'status'])).toMatchObject({ code: 'daemon-not-running' });
    expect((await onHost(sharedHome())).machines).toHaveLength(4);
    expect(await environments()).toHaveLength(4);
  });

  test('two commands at once start one daemon', async () => {
    await berthOk(['daemon', 'stop']);
    const lists = await Promise.all([environments(), environments(), environments()]);
    expect(lists.map((list) => list.length)).toEqual([4, 4, 4]);
  });

  describe('killed in the middle of its work', () => {
    test('a half-made up is undone by the next daemon, and its operation says so', async () => {
      const before = await onHost(sharedHome());
      await using _up = startBerth(['up', '-f', await tinyProject('five'), '--name', 'half-made', '--json']);
      await expect
        .poll(async () => (await environments()).find(({ name }) => name === 'half-made')?.pid, {
          timeout: 60_000,
          interval: 50,
        })
        .toBeDefined();
      const { pid } = await inspect('half-made');
      await killDaemon();
      expect((await environments()).map(({ name }) => name)).not.toContain('half-made');
      await expect.poll(() => isRunning(pid as number)).toBe(false);
      const operation = (await operations()).find(
        ({ kind, targets }) => kind === 'up' && targets[0] === 'half-made',
      );
      expect(operation).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
      const after = await onHost(sharedHome());
      expect(after.machines).toHaveLength(before.machines.length);
      expect(after.cgroups).toHaveLength(before.cgroups.length);
    });

    test('a fork that was being made is gone, and its parent goes on', async () => {
      const parent = five[0] as Environment;
      await berthOk(['fork', parent.name, '--count', '6', '--name', 'cut', '--no-wait']);
      await expect
        .poll(async () => (await environments()).filter(({ name }) => name.startsWith('cut')).length, {
          interval: 10,
        })
        .toBeGreaterThan(0);
      await killDaemon();
      const left = await environments();
      const cut = left.filter(({ name }) => name.startsWith('cut'));
      expect(cut.filter(({ state }) => state !== 'running')).toEqual([]);
      expect(left.find(({ name }) => name === parent.name)).toMatchObject({
        state: 'running',
        pid: parent.pid,
      });
      await expect.poll(() => answers(urlOf(parent)), { timeout: 10_000 }).toBe(true);
      expect((await onHost(sharedHome())).machines).toHaveLength(4 + cut.length);
      await inService(parent.name, 'web', 'echo written-after >/data/after; sync');
      const [again] = await fork(parent.name, '--name', 'after-cut');
      expect(await inService('after-cut', 'web', 'cat /data/after')).toBe('written-after\n');
      await removeEnvironments(['after-cut', ...cut.map(({ name }) => name)]);
      expect(again?.parent).toBe(parent.name);
    });
  });
});
