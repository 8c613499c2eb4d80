import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { RemoteProcess } from '../../client/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';

/** Name of standard input or output where a file is expected. */
const STANDARD = '-';

/** @throws `bad-request` when an archive would be written to a terminal */
export function assertNoTerminal(path: string, stream: { readonly isTTY?: boolean }, flag: string): void {
  if (path !== STANDARD || stream.isTTY !== true) return;
  throw berthError('bad-request', 'an archive is not for a terminal', {
    remedy: `Name a file with ${flag} FILE, or join it with a pipe.`,
  });
}

/** Writes what a process says into a file, which is there only when all of it came; or to standard output. Gives the bytes. */
export async function saveOutput(remote: RemoteProcess, path: string): Promise<number> {
  if (path === STANDARD) {
    const bytes = await passOn(remote, process.stdout);
    await assertEnd(remote);
    return bytes;
  }
  const part = `${path}.part`;
  const file = createWriteStream(part);
  try {
    await once(file, 'open');
    const bytes = await passOn(remote, file);
    await assertEnd(remote);
    file.end();
    await finished(file);
    await rename(part, path);
    return bytes;
  } catch (error) {
    file.destroy();
    await rm(part, { force: true });
    throw fileError(error, path);
  }
}

/** Sends a file or standard input to a process, and waits until it is done with it. */
export async function sendInput(remote: RemoteProcess, path: string): Promise<void> {
  const input: Readable = path === STANDARD ? process.stdin : createReadStream(path);
  // What it says is nothing; it must be read for its end to be known.
  const ended = Promise.all([remote.exit, drain(remote)]);
  ended.catch(() => undefined);
  try {
    for await (const chunk of input) await Promise.race([remote.write(chunk as Uint8Array), ended]);
    await remote.end();
  } catch (error) {
    if (input.errored !== null) {
      remote.close();
      throw fileError(input.errored, path);
    }
    // Why it takes no more is told by its end.
    await ended;
    throw error;
  } finally {
    input.destroy();
  }
  await ended;
}

async function passOn(remote: RemoteProcess, target: NodeJS.WritableStream): Promise<number> {
  let bytes = 0;
  for await (const { data } of remote.output) {
    bytes += data.length;
    if (!target.write(data)) await once(target, 'drain');
  }
  return bytes;
}

async function drain(remote: RemoteProcess): Promise<void> {
  for await (const _part of remote.output);
}

async function assertEnd(remote: RemoteProcess): Promise<void> {
  const code = await remote.exit;
  if (code !== 0) throw berthError('guest-command-failed', `the archive ended with code ${code}`);
}

function fileError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return asBerthError(error);
  if (code === 'ENOSPC') return berthError('disk-full', `no space left to write ${path}`, { cause: error });
  return berthError('bad-request', `${path} cannot be used: ${code}`, { cause: error });
}
