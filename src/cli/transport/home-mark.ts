import { basename, join } from 'node:path';
import { exists, listDirectory, removeTree, systemCode } from '../../host/index.ts';
import type { HomePaths } from './home.ts';

/** The daemon writes it into a directory that was empty before; all that is below is Berth's. */
const MARK = 'berth-home';

/** True when a daemon has marked the directory as its own: BERTH_HOME may name any directory. */
export function isBerthHome(paths: HomePaths): Promise<boolean> {
  return exists(join(paths.home, MARK));
}

/** Names of what others have in the directory; none when it is marked, empty or not there. */
export async function foreignFiles(paths: HomePaths): Promise<string[]> {
  const names = await listDirectory(paths.home);
  if (names.includes(MARK)) return [];
  // Left by a start that did not get as far as the mark.
  const harmless = new Set([basename(paths.log), basename(paths.run)]);
  return names.filter((name) => !harmless.has(name));
}

/** Removes Berth's directories, after its daemon has ended; nothing happens where {@link isBerthHome} is false. */
export async function removeHome(paths: HomePaths): Promise<void> {
  if (!(await isBerthHome(paths))) return;
  await removeTree(paths.run);
  // The mark goes last: what is left after a failure is still known as Berth's.
  const names = (await listDirectory(paths.home)).sort((a, b) => Number(a === MARK) - Number(b === MARK));
  for (const name of names) await removeTree(join(paths.home, name));
  await removeTree(paths.home).catch((error: unknown) => {
    // A file system that is mounted there stays, empty.
    if (systemCode(error) !== 'EBUSY') throw error;
  });
}
