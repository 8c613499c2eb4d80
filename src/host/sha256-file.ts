import { berthError } from '../errors/index.ts';
import { run } from './run.ts';

const TIMEOUT_MS = 30 * 60_000;

/**
 * sha256 of a file's content, in hex. Another process does it: a gigabyte takes seconds, in which this one has ports to carry.
 * In the `background` it takes no time from anybody else. Throws `command-failed` when the file cannot be read.
 */
export async function sha256File(
  path: string,
  o: { readonly signal?: AbortSignal; readonly background?: boolean } = {},
): Promise<string> {
  // Nor from the disk: it reads when nobody else does.
  const idle = o.background === true ? ['ionice', '--class', 'idle'] : [];
  const { stdout } = await run([...idle, 'sha256sum', '--binary', '--', path], {
    timeoutMs: TIMEOUT_MS,
    ...o,
  });
  // A name with unusual letters in it is marked by a backslash before the sum.
  const sum = /^\\?([0-9a-f]{64}) /.exec(stdout)?.[1];
  if (sum === undefined) throw berthError('command-failed', `sha256sum gave no sum of ${path}`);
  return sum;
}
