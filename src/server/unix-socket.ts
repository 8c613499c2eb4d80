import type { FastifyInstance } from 'fastify';
import { LISTEN_BACKLOG } from '../base/index.ts';
import { berthError } from '../errors/index.ts';

/** Longest path of a unix socket on Linux, in bytes: unix(7), `sun_path` less its final zero. */
const MAX_PATH_BYTES = 107;

/** What the server needs of the host's files. */
export interface SocketFiles {
  /** Remove a file; not being there is no error. */
  removeTree(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
}

/**
 * Listens on a socket file of its own. Until its bits are set the file has those of the umask, which give nobody but its
 * owner the write permission that connecting takes.
 */
export async function listenOn(
  app: FastifyInstance,
  files: SocketFiles,
  path: string,
  mode: number,
  gid: number | undefined,
): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw berthError(
      'home-unusable',
      `The path ${path} is too long for a socket (over ${MAX_PATH_BYTES} bytes)`,
    );
  }
  await place(files, path, mode, gid, () => app.listen({ path, backlog: LISTEN_BACKLOG }));
}

/**
 * Listens anew on a socket whose file somebody has removed. Who is connected stays so.
 * @throws `home-unusable`
 */
export async function listenAgain(
  app: FastifyInstance,
  files: SocketFiles,
  path: string,
  mode: number,
  gid: number | undefined,
): Promise<void> {
  await place(files, path, mode, gid, async () => {
    // It stops to listen at once; that it ends with its last client is of no interest.
    app.server.close();
    await new Promise<void>((resolve, reject) => {
      app.server.once('error', reject);
      app.server.listen({ path, backlog: LISTEN_BACKLOG }, () => {
        app.server.off('error', reject);
        resolve();
      });
    });
  });
}

async function place(
  files: SocketFiles,
  path: string,
  mode: number,
  gid: number | undefined,
  listen: () => Promise<unknown>,
): Promise<void> {
  try {
    await files.removeTree(path);
    await listen();
    if (gid !== undefined) await files.chown(path, process.getuid?.() ?? 0, gid);
    await files.chmod(path, mode);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw berthError('home-unusable', `Cannot listen on ${path}: ${detail}`, { cause: error });
  }
}
