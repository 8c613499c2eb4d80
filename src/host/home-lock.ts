import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { berthError } from '../errors/index.ts';
import { ensureDirectory } from './files.ts';
import { systemCode } from './system-error.ts';

const ASK_TIMEOUT_MS = 500;
const HASH_LENGTH = 16;

/** One daemon per home: while it is held no other process can take it; it ends with the process that holds it. */
export interface HomeLock {
  /** Gives it back; may be called twice. */
  release(): Promise<void>;
}

/**
 * The name of a home's lock: an abstract unix socket, which the kernel removes with its owner, so that no
 * stale lock can outlive a crash. The home is created when it is missing, since its real path makes the name.
 */
export async function homeLockName(home: string): Promise<string> {
  await ensureDirectory(home);
  const hash = createHash('sha256')
    .update(await realpath(home))
    .digest('hex');
  return `\0berth-${hash.slice(0, HASH_LENGTH)}`;
}

/** Takes the lock of a home. Throws `daemon-locked`, with the pid of the holder, when another process has it. */
export async function acquireHomeLock(home: string): Promise<HomeLock> {
  const name = await homeLockName(home);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  try {
    await listen(server, name);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    const pid = await askHolder(name);
    const who = pid === undefined ? 'another process' : `process ${pid}`;
    throw berthError('daemon-locked', `${who} already runs the daemon of ${home}`, { cause: error });
  }
  server.unref();
  return { release: () => closeServer(server) };
}

/** Pid of the process that holds the lock of a home; `undefined` when nobody does. */
export async function homeLockHolder(home: string): Promise<number | undefined> {
  return askHolder(await homeLockName(home));
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(name, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function askHolder(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(name);
    let answer = '';
    const finish = (): void => {
      socket.destroy();
      const pid = Number(answer);
      resolve(Number.isInteger(pid) && pid > 0 ? pid : undefined);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ASK_TIMEOUT_MS, finish);
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.once('error', finish);
    socket.once('end', finish);
  });
}
