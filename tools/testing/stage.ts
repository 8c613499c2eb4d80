import { spawn } from 'node:child_process';
import { formatDuration } from '../../src/base/index.ts';
import { NO_TESTS, type Tally } from './tally.ts';

/** A part of the whole test run. */
export interface Stage {
  /** What it is called on the command line: `unit`. */
  readonly key: string;
  /** What a person reads: `unit tests`. */
  readonly title: string;
  /** How long it may take, in ms. */
  readonly deadlineMs: number;
  /** Does it and counts; aborted at the deadline. Preparation that contains no tests returns an empty tally. */
  run(signal: AbortSignal): Promise<Tally>;
  /** True when a stage that counted no test has failed. */
  readonly hasTests: boolean;
  /** True when there is no point in going on after it has failed. */
  readonly needed?: boolean;
}

/** Runs one stage to its end or its deadline. Whatever goes wrong with the stage itself counts as one failed test. */
export async function runStage(stage: Stage, signal: AbortSignal): Promise<Tally> {
  console.log(`\n── ${stage.title} (at most ${formatDuration(stage.deadlineMs)})`);
  const startedAt = performance.now();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(stage.deadlineMs)]);
  const tally = await stage.run(deadline).catch((error: unknown): Tally => {
    console.log(error instanceof Error ? error.message : String(error));
    return { ...NO_TESTS, failed: 1 };
  });
  const took = formatDuration(performance.now() - startedAt);
  if (deadline.aborted) {
    console.log(`${stage.title}: ended by force after ${took}`);
    return { ...tally, failed: Math.max(tally.failed, 1) };
  }
  if (stage.hasTests && tally.passed + tally.failed === 0) {
    console.log(`${stage.title}: no test ran`);
    return { ...tally, failed: 1 };
  }
  console.log(`${stage.title}: done in ${took}`);
  return tally;
}

const KILL_AFTER_MS = 20_000;

/**
 * Runs a program with the terminal (or log) of this one; resolves with its exit code. When the signal aborts, the program
 * and all that it started in its process group get SIGTERM, and SIGKILL if they are still there 20 s later.
 */
export function runInForeground(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const [file = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
      detached: true,
    });
    let killer: NodeJS.Timeout | undefined;
    const end = () => {
      signalGroup(child.pid, 'SIGTERM');
      killer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    signal.addEventListener('abort', end, { once: true });
    const settle = () => {
      signal.removeEventListener('abort', end);
      clearTimeout(killer);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('exit', (code) => {
      settle();
      resolve(code ?? 1);
    });
  });
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended in the meantime.
  }
}
