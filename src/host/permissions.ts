import { open, stat } from 'node:fs/promises';
import { isMissing, systemCode } from './system-error.ts';

/** Who may do what with a file, directory or device. */
export interface Permissions {
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly kind: 'file' | 'directory' | 'device' | 'other';
}

/** Owner and permission bits of a path, links followed; `undefined` when it is not there. */
export async function permissions(path: string): Promise<Permissions | undefined> {
  try {
    const found = await stat(path);
    const kind = found.isDirectory()
      ? 'directory'
      : found.isFile()
        ? 'file'
        : found.isCharacterDevice() || found.isBlockDevice()
          ? 'device'
          : 'other';
    return { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, kind };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Opens a device for reading and writing and closes it; the system's error code (`EACCES`, `ENOENT`, `ENXIO`, …) when that fails. */
export async function deviceProblem(path: string): Promise<string | undefined> {
  try {
    await (await open(path, 'r+')).close();
    return undefined;
  } catch (error) {
    return systemCode(error) ?? 'unknown';
  }
}
