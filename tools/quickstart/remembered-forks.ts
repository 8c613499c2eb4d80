import { join } from 'node:path';
import type { Client } from '../../src/client/index.ts';
import { readJson, writeJson } from '../../src/host/index.ts';

// Inside Berth's own directory: it goes with everything else when that is removed.
const FILE = 'quickstart.json';

interface Remembered {
  /** Ids of the forks, which are never used again. */
  readonly forks: readonly string[];
}

/** Writes down which forks the next run may remove. */
export async function rememberForks(home: string, forks: readonly string[]): Promise<void> {
  const remembered: Remembered = { forks };
  await writeJson(join(home, FILE), remembered);
}

/** Removes the forks of an earlier run that are still there. */
export async function forgetForks(client: Client, home: string): Promise<void> {
  const remembered = await readJson<Remembered>(join(home, FILE)).catch(() => undefined);
  const mine = new Set(remembered?.forks);
  const present = (await client.environments.list()).filter((environment) => mine.has(environment.id));
  await Promise.all(
    present.map(async ({ name }) => client.finishOperation((await client.environments.remove(name)).id)),
  );
}
