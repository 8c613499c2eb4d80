import { constants } from 'node:fs';
import { copyFile as nodeCopyFile } from 'node:fs/promises';
import { run } from './run.ts';

const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/**
 * Copies a file; the copy shares blocks with the original where the file system can do that (reflink), and keeps
 * its holes where it cannot. An existing target is replaced. Throws `command-failed`, `timeout` or `cancelled`.
 */
export async function copyFile(
  from: string,
  to: string,
  o: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  try {
    // Without FORCE Node would fall back to a plain copy, which fills the holes.
    await nodeCopyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = o;
    await run(['cp', '--sparse=always', '--reflink=auto', '--', from, to], {
      timeoutMs,
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    });
  }
}
