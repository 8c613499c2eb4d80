import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { berthError } from '../errors/index.ts';
import type { Cgroup } from './cgroup.ts';
import { commandEnvironment } from './command-environment.ts';
import { setOomScore } from './oom-score.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { isMissing } from './system-error.ts';
import { terminate } from './terminate.ts';

const UNDO_TIMEOUT_MS = 5_000;
const LOG_MODE = 0o600;

export interface DetachedOptions {
  /** File to which its standard output is appended; made with mode 0600. */
  stdoutPath: string;
  /** File to which its standard error is appended; may be the same. */
  stderrPath: string;
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** Which variables of this process it gets beside `PATH`; all when absent. What this was started with may hold secrets. */
  keep?: (name: string) => boolean;
  /** Joined before this call returns. */
  cgroup?: Cgroup;
  /** How soon the kernel ends it when the host has no memory left, -1000 (never) to 1000; as this process when absent. */
  oomScore?: number;
  /** Called once when it ends, as long as this process lives; `code` or `signal` is null. */
  onExit?: (code: number | null, signal: string | null) => void;
}

/**
 * Starts a program that outlives this process: a session of its own, standard input `/dev/null`, output to files.
 * Throws `tool-missing` when it is not installed and `command-failed` when it cannot be started or join its cgroup.
 */
export async function startDetached(argv: readonly string[], o: DetachedOptions): Promise<ProcessIdentity> {
  const { identity, child } = await spawnDetached(argv, o);
  child.once('exit', (code, signal) => o.onExit?.(code, signal));
  try {
    await o.cgroup?.add(identity.pid);
    if (o.oomScore !== undefined) await setOomScore(identity.pid, o.oomScore);
  } catch (error) {
    await terminate(identity, { signal: 'SIGKILL', timeoutMs: UNDO_TIMEOUT_MS });
    throw error;
  }
  return identity;
}

/** A process that was just started. */
export interface Spawned {
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
}

/** The start alone, without control group and score; with `reports` there is a pipe to this process on descriptor 3. */
export async function spawnDetached(
  argv: readonly string[],
  o: DetachedOptions,
  { reports = false }: { readonly reports?: boolean } = {},
): Promise<Spawned> {
  const [program, ...rest] = argv;
  if (program === undefined) throw berthError('internal', 'startDetached() needs a program to start');
  const stdout = openSync(o.stdoutPath, 'a', LOG_MODE);
  const stderr = openSync(o.stderrPath, 'a', LOG_MODE);
  try {
    const child = spawn(program, rest, {
      detached: true,
      stdio: ['ignore', stdout, stderr, ...(reports ? (['pipe'] as const) : [])],
      env: commandEnvironment(o.env, o.keep),
      ...(o.cwd === undefined ? {} : { cwd: o.cwd }),
    });
    // Read before the event loop runs again: until then even a process that ended at once is there as a zombie.
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw await startFailure(program, child);
    child.on('error', () => undefined);
    child.unref();
    return { identity, child };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

function startFailure(program: string, child: ReturnType<typeof spawn>): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      const code = isMissing(error) ? 'tool-missing' : 'command-failed';
      const message =
        code === 'tool-missing'
          ? `${program} is not installed`
          : `${program} could not be started: ${error.message}`;
      resolve(berthError(code, message, { cause: error }));
    });
  });
}
