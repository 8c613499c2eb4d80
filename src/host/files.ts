import {
  access,
  chmod as setMode,
  chown as setOwner,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
} from 'node:fs/promises';
import { berthError } from '../errors/index.ts';
import { isMissing, systemCode } from './system-error.ts';

/** Text of a file; `undefined` when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Bytes of a file; `undefined` when there is none. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True when the path leads to something that is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Where a path leads once its symbolic links are followed; undefined when nothing is there. */
export async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}

/** Names in a directory, sorted; none when it is not there. */
export async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export interface DirectoryOptions {
  /** Permission bits; when given they are set on a directory that was there before as well. */
  mode?: number;
  uid?: number;
  gid?: number;
}

/** Makes a directory and its parents where they are missing. Throws `home-unusable` where that is not possible. */
export async function ensureDirectory(path: string, o: DirectoryOptions = {}): Promise<void> {
  try {
    await mkdir(path, { recursive: true, ...(o.mode === undefined ? {} : { mode: o.mode }) });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOSPC')
      throw berthError('disk-full', `no space left to make the directory ${path}`, { cause: error });
    throw berthError('home-unusable', `cannot make the directory ${path} (${code ?? String(error)})`, {
      cause: error,
    });
  }
  // mkdir applies the umask and leaves what was there alone.
  if (o.mode !== undefined) await setMode(path, o.mode);
  if (o.uid !== undefined || o.gid !== undefined) await setOwner(path, o.uid ?? -1, o.gid ?? -1);
}

/** Removes a file or a whole tree; nothing happens when it is not there. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Sets the owner of a file or directory. */
export async function chown(path: string, uid: number, gid: number): Promise<void> {
  await setOwner(path, uid, gid);
}

/** Sets the permission bits of a file or directory. */
export async function chmod(path: string, mode: number): Promise<void> {
  await setMode(path, mode);
}
