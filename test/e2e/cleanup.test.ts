import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { Environment } from '../../src/model/index.ts';
import {
  berth,
  berthJson,
  berthOk,
  environments,
  fork,
  removeAllEnvironments,
  templates,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { answers, urlOf } from './rig/http.ts';
import { NOTHING, onHost } from './rig/leftovers.ts';
import { prepareAlone } from './rig/prepare.ts';
import { anonymousBytes, availableBytes, isRunning, processesWith } from './rig/processes.ts';
import { tinyProject } from './rig/tiny.ts';

const MIB = 1024 ** 2;
/** What the host itself may use differently after a minute, such as for its own buffers. */
const NOISE_MIB = 256;
const DAEMON_LIMIT_MIB = 150;

/** Memory that the host could give, as if no process but those of the home had changed meanwhile: others use the host, too. */
function hostMemoryMib(): number {
  const ours = (argv: readonly string[]) => argv.some((word) => word.includes(`${sharedHome()}/`));
  return Math.round((availableBytes() + anonymousBytes(ours)) / MIB);
}

/** One of everything: a parent, forks, a fork of a fork, one that is stopped, a template. */
async function bringUp(): Promise<Environment[]> {
  await berthOk(['up', '-f', await tinyProject('last'), '--name', 'last']);
  await fork('last', '--count', '3');
  await fork('last-fork-1', '--name', 'grandchild');
  await berthOk(['stop', 'last-fork-2', '--force']);
  return environments();
}

describe('giving everything back', () => {
  let availableBefore: number;
  let all: Environment[];

  beforeAll(async () => {
    await prepareAlone();
    availableBefore = hostMemoryMib();
    all = await bringUp();
  });
  afterAll(async () => {
    if (existsSync(sharedHome())) await removeAllEnvironments();
  });

  test('rm of everything leaves no process, no namespace in use, no control group and no open port', async () => {
    expect(all).toHaveLength(5);
    const during = hostMemoryMib();
    const told = await berthOk(['rm', ...all.map(({ name }) => name)]);
    expect(told.match(/removed; back: [\d.]+ MiB of memory/g)).toHaveLength(4);
    expect(await environments()).toEqual([]);
    const left = await onHost(sharedHome());
    expect(left).toMatchObject({ machines: [], cgroups: [] });
    for (const { namespace } of all)
      if (namespace !== undefined) expect(left.namespaces).not.toContain(namespace);
    expect(await Promise.all(all.map((environment) => answers(urlOf(environment))))).not.toContain(true);
    await expect
      .poll(hostMemoryMib, { timeout: 60_000, interval: 500 })
      .toBeGreaterThan(availableBefore - NOISE_MIB);
    console.log(
      `memory available: ${availableBefore} MiB before, ${during} MiB with five, ${hostMemoryMib()} MiB after`,
    );
  });

  test('no file is left beyond images and templates that somebody may still want', async () => {
    const home = sharedHome();
    for (const name of ['environments', 'builds'])
      expect([name, readdirSync(join(home, name))]).toEqual([name, []]);
    const frozen = await templates();
    expect(frozen.map(({ kind }) => kind)).not.toContain('fork-point');
    expect(readdirSync(join(home, 'templates')).toSorted()).toEqual(
      frozen.map(({ id }) => id as string).toSorted(),
    );
  });

  test('the daemon has stayed small, and holds no file of a machine', async () => {
    const { pid, rssBytes } = await berthJson<DaemonStatus>(['daemon', 'status']);
    console.log(`the daemon uses ${Math.round(rssBytes / MIB)} MiB`);
    expect(rssBytes).toBeLessThan(DAEMON_LIMIT_MIB * MIB);
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    expect(maps).not.toContain(`${sharedHome()}/environments`);
    expect(maps).not.toContain('(deleted)');
  });

  test.skipIf(inject('berthHomeIsKept'))(
    'down --all --purge asks first, and then leaves nothing at all',
    async () => {
      const home = sharedHome();
      const running = (await bringUp()).filter(({ pid }) => pid !== undefined);
      await berthOk(['template', 'create', 'last', 'last-template']);
      const refused = await berth(['down', '--all', '--purge']);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('--yes');
      expect(await environments()).toHaveLength(5);

      const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
      expect(await berthOk(['down', '--all', '--purge', '--yes'])).toContain(home);
      expect(existsSync(home)).toBe(false);
      expect([pid, ...running.map((one) => one.pid ?? -1)].filter(isRunning)).toEqual([]);
      expect(processesWith(home)).toEqual([]);
      expect(await onHost(home)).toEqual(NOTHING);
      expect(readFileSync('/proc/net/unix', 'utf8')).not.toContain(home);
      const again = await berth(['down', '--all', '--purge', '--yes']);
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing') });
      expect(existsSync(home)).toBe(false);
    },
  );
});
