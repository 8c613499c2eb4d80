import { run } from '../host/index.ts';

const MAKE_TIMEOUT_MS = 10 * 60_000;
const BYTES_PER_INODE = 8192;
const JOURNAL_MIB = 16;

/** mke2fs's command line: a file system of `sizeMib` in the new file `path`, filled from `tree` without mounting. */
export function makeDiskCommand(tree: string, path: string, sizeMib: number): string[] {
  return [
    ...['mkfs.ext4', '-q', '-L', 'berth'],
    // The inode tables of a new sparse file are zero already; nothing is left for the guest to zero while it runs.
    ...['-E', 'lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0'],
    ...['-J', `size=${JOURNAL_MIB}`, '-m', '0', '-i', String(BYTES_PER_INODE)],
    ...['-d', tree, path, `${sizeMib}M`],
  ];
}

/** Makes the root disk of an image: a raw, sparse file with an ext4 file system and no partition table. */
export async function makeRootDisk(o: {
  readonly tree: string;
  readonly path: string;
  readonly sizeMib: number;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  await run(makeDiskCommand(o.tree, o.path, o.sizeMib), {
    timeoutMs: MAKE_TIMEOUT_MS,
    ...(o.signal === undefined ? {} : { signal: o.signal }),
  });
}
