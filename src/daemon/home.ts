import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { AddressSource } from '../environments/index.ts';
import { berthError } from '../errors/index.ts';
import {
  boundSockets,
  ensureDirectory,
  exists,
  isRoot,
  listDirectory,
  readText,
  resolveHome,
  writeAtomic,
} from '../host/index.ts';
import { layoutOf } from '../machines/index.ts';

/** Written once into the home, so that purging it never removes what is not Berth's. */
const MARK = 'berth-home';

/** Everything that is named after the home carries these 6 hex digits. */
export function homeIdOf(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 6);
}

/**
 * Where an installation begins with the addresses of its environments, `127.88.BLOCK.1`: the default one at 0, each other
 * elsewhere, so that two on one host do not give out the same.
 */
export function firstAddressBlock(home: string): number {
  return home === resolveHome({}).home ? 0 : 1 + (Number.parseInt(homeIdOf(home), 16) % 255);
}

/** The addresses that an installation may give out: there are fewer blocks than names of homes, so another one may have begun at the same place. */
export function addressSource(home: string): AddressSource {
  return {
    firstBlock: firstAddressBlock(home),
    inUse: async () => {
      const sockets = await Promise.all([boundSockets('tcp'), boundSockets('udp')]);
      return new Set(sockets.flat().map(({ address }) => address));
    },
  };
}

/**
 * Makes the directories of an installation, or checks them.
 * @throws `not-root`, `home-unusable`
 */
export async function prepareHome(home: string, run: string): Promise<void> {
  if (!isRoot()) throw berthError('not-root', 'the daemon starts machines and so needs root');
  await assertOurs(home);
  // Machines run as users of their own and must be able to reach their files.
  await ensureDirectory(home, { mode: 0o711 });
  // Where it is there already a full disk is no reason not to start.
  if (!(await exists(`${home}/${MARK}`)))
    await writeAtomic(`${home}/${MARK}`, 'Everything below this directory belongs to Berth.\n', {
      mode: 0o644,
    });
  await ensureDirectory(run, { mode: 0o711 });
  const layout = layoutOf(home);
  for (const directory of [layout.environments, layout.templates, layout.builds])
    await ensureDirectory(directory, { mode: 0o711 });
}

async function assertOurs(home: string): Promise<void> {
  const names = await listDirectory(home);
  if (names.length === 0 || names.includes(MARK)) return;
  // The log of the daemon's own start may be there before the daemon is.
  if (names.every((name) => name === 'daemon.log' || name === 'run')) return;
  throw berthError(
    'home-unusable',
    `${home} holds files that are not Berth's (${names.slice(0, 3).join(', ')})`,
    {
      remedy: `Choose an empty directory with BERTH_HOME, for example ${dirname(home)}/berth.`,
    },
  );
}

/** Number of the group `berth`, whose members may use the daemon; undefined when there is no such group. */
export async function berthGroup(): Promise<number | undefined> {
  const line = ((await readText('/etc/group')) ?? '').split('\n').find((entry) => entry.startsWith('berth:'));
  const gid = Number(line?.split(':')[2]);
  return Number.isInteger(gid) ? gid : undefined;
}
