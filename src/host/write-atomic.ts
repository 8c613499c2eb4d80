import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { berthError } from '../errors/index.ts';
import { readText } from './files.ts';
import { systemCode } from './system-error.ts';

const DEFAULT_MODE = 0o644;

/**
 * Replaces a file as a whole, durably: a reader, or the host after a power cut, sees the old content or the new.
 * `mode` defaults to 0644, whatever the umask. Throws `disk-full` when there is no space.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  o: { mode?: number } = {},
): Promise<void> {
  const mode = o.mode ?? DEFAULT_MODE;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(temporary, data, mode);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    if (systemCode(error) === 'ENOSPC')
      throw berthError('disk-full', `no space left to write ${path}`, { cause: error });
    throw error;
  }
}

async function writeDurably(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, 'wx', mode);
  await file.chmod(mode);
  await file.writeFile(data);
  await file.sync();
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

/** Parses a JSON file; `undefined` when there is none. Throws `store-corrupt` when it is no JSON. The caller vouches for `T`. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw berthError('store-corrupt', `${path} is not valid JSON`, { cause: error });
  }
}

/** Writes a value as JSON, atomically. */
export async function writeJson(path: string, value: unknown, o: { mode?: number } = {}): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(value, undefined, 2)}\n`, o);
}
