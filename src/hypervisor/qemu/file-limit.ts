import { hasCapability, permissions, run } from '../../host/index.ts';

const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;
/** Tables of a layer take an 8192nd of its disk and less; state of devices and logs some megabytes. */
const MARGIN_BYTES = 256 * MEBIBYTE;

/** What decides how large files of a machine become. */
export interface FileSizes {
  readonly diskGib: number;
  readonly memoryMib: number;
}

/** Bytes of the largest file that a machine may write: a layer of its disk that holds all of it, or a state with all of its memory. */
export function fileLimitOf({ diskGib, memoryMib }: FileSizes): number {
  const disk = diskGib * GIBIBYTE;
  return Math.max(disk + disk / 64, memoryMib * MEBIBYTE) + MARGIN_BYTES;
}

/** Whether this process may set limits of others: not so in some containers. Then a machine's own user raises what was left open to it. */
export function mayRaiseLimits(): Promise<boolean> {
  return hasCapability('sys-resource');
}

/** Sets how large files of a running machine may become, after its disk has grown. */
export async function setFileLimit(
  { pid, directory }: { readonly pid: number; readonly directory: string },
  sizes: FileSizes,
): Promise<void> {
  const bytes = fileLimitOf(sizes);
  if (await mayRaiseLimits()) {
    await run(['prlimit', `--pid=${pid}`, `--fsize=${bytes}:${bytes}`]);
    return;
  }
  const owner = await permissions(directory);
  const { uid = 0, gid = 0 } = owner ?? {};
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
  await run(['setpriv', ...identity, '--', 'prlimit', `--pid=${pid}`, `--fsize=${bytes}:`]);
}
