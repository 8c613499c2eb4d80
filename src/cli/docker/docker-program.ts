import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { berthError } from '../../errors/index.ts';
import { type CommandResult, run } from '../../host/index.ts';
import type { Cli } from '../cli.ts';
import { MISLEADING_VARIABLES, type Variable } from './docker-variables.ts';

const PROGRAM = 'docker';
const CALL_TIMEOUT_MS = 30_000;

/** The user's Docker command line is not there. */
function missing(cause: unknown): Error {
  return berthError('tool-missing', "Docker's command line, the program docker, is not installed", {
    remedy:
      'Install it: `apt install docker-cli` on Debian 13; on Debian 12 the client comes with `apt install docker.io`. `./berth exec` and `./berth shell` need none.',
    cause,
  });
}

/**
 * Runs the user's Docker command line in the foreground, with this process's terminal or pipes; gives its exit code, 128 and the signal's
 * number when a signal ended it. @throws `tool-missing`
 */
export async function runDocker(
  cli: Pick<Cli, 'env' | 'interrupts'>,
  argv: readonly string[],
  variables: readonly Variable[],
): Promise<number> {
  const env: NodeJS.ProcessEnv = { ...cli.env, ...Object.fromEntries(variables) };
  for (const name of MISLEADING_VARIABLES) delete env[name];
  const child = spawn(PROGRAM, argv, { stdio: 'inherit', env });
  const letGo = passSignals(cli, child);
  try {
    return await exitCodeOf(child);
  } finally {
    letGo();
  }
}

/** Runs a short call of it that changes or shows the user's own settings. @throws `tool-missing`, `command-failed` */
export async function callDocker(
  { env }: Pick<Cli, 'env'>,
  argv: readonly string[],
  okExitCodes: readonly number[] = [],
): Promise<CommandResult> {
  const own = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  try {
    return await run([PROGRAM, ...argv], { timeoutMs: CALL_TIMEOUT_MS, okExitCodes, env: own });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'tool-missing') throw missing(error);
    throw error;
  }
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? missing(error) : error),
    );
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** A terminal sends Ctrl-C to both; then it is docker's to decide. What comes to this process alone is passed on. */
function passSignals({ interrupts }: Pick<Cli, 'interrupts'>, child: ChildProcess): () => void {
  const onInterrupt = () => {
    if (process.stdin.isTTY !== true) child.kill('SIGINT');
  };
  const onTerminate = () => void child.kill('SIGTERM');
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
  const release = keepGoing(interrupts);
  return () => {
    process.removeListener('SIGINT', onInterrupt).removeListener('SIGTERM', onTerminate);
    release();
  };
}

/** Otherwise the second signal would end this process, and docker would go on alone. */
function keepGoing(interrupts: Cli['interrupts']): () => void {
  let release = (): void => undefined;
  const take = (): void => {
    release();
    release = interrupts.take(take);
  };
  take();
  return () => release();
}
