import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { berthError } from '../errors/index.ts';
import { run } from './run.ts';

const TIMEOUT_MS = 30 * 60_000;
/** What is read here, in less time than a process takes to start. */
const SMALL_BYTES = 4 * 1024 * 1024;

/**
 * Debian's `sha256sum` does not use what processors have for this, and takes four times as long as the library that Node has in it. What it reads
 * in one go is small, so that it stays in the processor's cache.
 */
const SCRIPT = `
const { openSync, readSync } = require('node:fs');
const hash = require('node:crypto').createHash('sha256');
try {
  const file = openSync(process.argv[1]);
  const part = Buffer.allocUnsafe(256 * 1024);
  for (let size; (size = readSync(file, part)) > 0; ) hash.update(part.subarray(0, size));
  process.stdout.write(hash.digest('hex'));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}`;

/**
 * sha256 of a file's content, in hex. Unless it is small another process does it: a gigabyte takes a second, in which this one has ports to carry.
 * In the `background` it takes no time from anybody else. Throws `command-failed` when the file cannot be read.
 */
export async function sha256File(
  path: string,
  o: { readonly signal?: AbortSignal; readonly background?: boolean } = {},
): Promise<string> {
  o.signal?.throwIfAborted();
  const { size } = await stat(path).catch(() => ({ size: undefined }));
  if (size !== undefined && size <= SMALL_BYTES) {
    const content = await readFile(path).catch((error: unknown) => {
      throw berthError('command-failed', `${path} cannot be read`, { cause: error });
    });
    return createHash('sha256').update(content).digest('hex');
  }
  // Nor from the disk: it reads when nobody else does.
  const idle = o.background === true ? ['ionice', '--class', 'idle'] : [];
  const { stdout } = await run([...idle, process.execPath, '--eval', SCRIPT, '--', path], {
    timeoutMs: TIMEOUT_MS,
    ...o,
  });
  if (!/^[0-9a-f]{64}$/.test(stdout)) throw berthError('command-failed', `there is no hash of ${path}`);
  return stdout;
}
