import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import {
  ensureDirectory,
  hardLink,
  identify,
  isAlive,
  listDirectory,
  type ProcessIdentity,
  readJson,
  removeTree,
  systemCode,
  writeJson,
} from '../host/index.ts';

const PREFIX = '.building-';
const OWNER_FILE = 'owner.json';

/** A directory in which one image is being built, held by this process. */
export interface BuildPlace {
  /** Empty but for what the build puts there. */
  readonly directory: string;
  /** Lets others build and removes what was not moved away. May be called twice. */
  release(): Promise<void>;
}

/**
 * Takes the right to build `name` below `images`, and an empty directory for it. What a dead build of any name
 * left behind is removed first. Throws `conflict` while another process builds the same image.
 */
export async function takeBuildPlace(images: string, name: string): Promise<BuildPlace> {
  await removeDeadBuilds(images);
  const base = join(images, `${PREFIX}${name}-${randomBytes(4).toString('hex')}`);
  const lock = join(images, `${PREFIX}${name}.lock`);
  await ensureDirectory(join(base, 'image'), { mode: 0o755 });
  await writeJson(join(base, OWNER_FILE), identify(process.pid));
  try {
    // The lock comes into being with its owner inside: a crash leaves no lock of nobody.
    await hardLink(join(base, OWNER_FILE), lock);
  } catch (error) {
    await removeTree(base);
    if (systemCode(error) !== 'EEXIST') throw error;
    throw berthError('conflict', `the image ${name} is being built by another process`);
  }
  return {
    directory: join(base, 'image'),
    release: async () => {
      await removeTree(lock);
      await removeTree(base);
    },
  };
}

/** Removes the directories and locks of builds whose process has ended. */
export async function removeDeadBuilds(images: string): Promise<void> {
  const names = (await listDirectory(images)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const path = join(images, name);
    const owner = name.endsWith('.lock') ? path : join(path, OWNER_FILE);
    if (!(await isOwned(owner))) await removeTree(path);
  }
}

async function isOwned(path: string): Promise<boolean> {
  const owner = await readJson<ProcessIdentity>(path).catch(() => undefined);
  return owner !== undefined && isAlive(owner);
}
