import { fileURLToPath } from 'node:url';
import { poll } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { connectUnix, ensureDirectory, isRoot, startDetached, systemCode } from '../../host/index.ts';
import { lastFailure, lastLogLines } from './daemon-log.ts';
import type { HomePaths } from './home.ts';
import { foreignFiles } from './home-mark.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 15_000;
const PROBE_INTERVAL_MS = 20;
// How long another daemon that holds the lock may take until it answers.
const RIVAL_GRACE_MS = 5_000;

/** The launcher: it gives the daemon its settings of memory. */
const LAUNCHER = fileURLToPath(new URL('../../../berth', import.meta.url));

/** How to make sure that a daemon answers. */
export interface AutostartOptions {
  readonly paths: HomePaths;
  /** False: only look, never start one. */
  readonly autostart: boolean;
  readonly signal?: AbortSignal;
  /** Called before a daemon is started. */
  readonly onStart?: () => void;
}

/**
 * Returns once a daemon accepts connections on the socket, starting one when needed.
 * Throws `daemon-not-running`, `not-root`, or the reason why the daemon did not come up with its last log lines.
 */
export async function ensureDaemon(options: AutostartOptions): Promise<void> {
  const { socket } = options.paths;
  if (await accepts(socket, options.signal)) return;
  if (!options.autostart) throw berthError('daemon-not-running', `No daemon answers at ${socket}`);
  await prepareHome(options.paths);
  options.onStart?.();
  await startDaemon(options);
}

/** True when something accepts on the socket; false when it is absent or refuses. */
export async function accepts(socket: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const connection = await connectUnix(socket, {
      timeoutMs: CONNECT_TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    });
    connection.destroy();
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED') return false;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw berthError('not-root', `This user may not use the daemon's socket ${socket}`, { cause: error });
  }
}

// Before anything is written: what belongs to others stays as it is.
async function prepareHome(paths: HomePaths): Promise<void> {
  if (!isRoot()) {
    throw berthError('not-root', `No daemon answers at ${paths.socket}, and only root may start one`);
  }
  const others = await foreignFiles(paths);
  if (others.length > 0) {
    const some = others.slice(0, 3).join(', ');
    throw berthError('home-unusable', `${paths.home} holds files that are not Berth's (${some})`, {
      remedy: 'Name an empty directory, or one that is not there yet, with BERTH_HOME.',
    });
  }
  await ensureDirectory(paths.home);
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly atMs: number;
}

async function startDaemon(options: AutostartOptions): Promise<void> {
  const { paths, signal } = options;
  const startedMs = Date.now();
  let ending: Ending | undefined;
  await launch(paths, (code, by) => {
    ending = { code, signal: by, atMs: Date.now() };
  });
  const probe = async (): Promise<true | undefined> => {
    if (await accepts(paths.socket, signal)) return true;
    if (ending !== undefined) await throwUnlessRival(paths, ending, startedMs);
    return undefined;
  };
  try {
    await poll(probe, {
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: PROBE_INTERVAL_MS,
      what: 'the daemon',
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    throw await notReady(paths, error);
  }
}

/** What a daemon is to know of the environment of the command that starts it: values for a Compose file are none of it. */
const KEPT =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TZ|TMPDIR|LANG|LC_.*|XDG_.*|BERTH_.*|NODE_.*|SSL_CERT_.*|(?:https?|ftp|no|all)_proxy)$/i;

async function launch(
  paths: HomePaths,
  onExit: (code: number | null, signal: string | null) => void,
): Promise<void> {
  const argv = [LAUNCHER, 'serve'];
  try {
    const output = { stdoutPath: paths.log, stderrPath: paths.log };
    await startDetached(argv, { ...output, cwd: '/', keep: (name) => KEPT.test(name), onExit });
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
    throw berthError('home-unusable', `Cannot write ${paths.log} (${code})`, { cause: error });
  }
}

// Two commands at once start two daemons; the one without the lock ends, and the other is about to answer.
async function throwUnlessRival(paths: HomePaths, ending: Ending, startedMs: number): Promise<void> {
  const failure = await lastFailure(paths.log, startedMs);
  if (failure?.code === 'daemon-locked' && Date.now() - ending.atMs < RIVAL_GRACE_MS) return;
  if (failure !== undefined) throw failure;
  const how = ending.signal === null ? `exit code ${ending.code ?? 'unknown'}` : `signal ${ending.signal}`;
  throw berthError('daemon-not-running', `The daemon ended at once (${how})${await quotedLog(paths)}`, {
    remedy: `Read ${paths.log}, correct the cause and run the command again.`,
  });
}

async function notReady(paths: HomePaths, cause: Error): Promise<Error> {
  const seconds = START_TIMEOUT_MS / 1000;
  return berthError(
    'daemon-timeout',
    `The daemon did not answer within ${seconds} s${await quotedLog(paths)}`,
    {
      remedy: `Read ${paths.log}; see whether it has come up with ./berth daemon status.`,
      cause,
    },
  );
}

async function quotedLog(paths: HomePaths): Promise<string> {
  const lines = await lastLogLines(paths.log);
  return lines.length === 0 ? '' : `; its last words:\n${lines.join('\n')}`;
}
