import { join } from 'node:path';
import { listDirectory, removeTree } from '../../host/index.ts';
import type { HomePaths } from './home.ts';

/** What Berth itself puts into its directory. Nothing else is ever removed there: BERTH_HOME may be a directory with more in it. */
const OWN_ENTRIES =
  /^(?:run|images|templates|environments|machines|keys|store|cache|tmp|berth\.(?:db|sqlite)(?:-wal|-shm)?|daemon\.log(?:\.\d+)?)$/;

/** Removes Berth's files after its daemon has ended; gives the names of those that are not Berth's and stay. */
export async function removeHome(paths: HomePaths): Promise<string[]> {
  for (const entry of await listDirectory(paths.home)) {
    if (OWN_ENTRIES.test(entry)) await removeTree(join(paths.home, entry));
  }
  await removeTree(paths.run);
  const left = await listDirectory(paths.home);
  if (left.length === 0) await removeTree(paths.home);
  return left;
}
