import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { deadlineSignal, poll } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { readText } from './files.ts';
import { setOomScore } from './oom-score.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { tailFile } from './read-parts.ts';
import { type DetachedOptions, spawnDetached } from './start-detached.ts';
import { terminate, waitForExit } from './terminate.ts';

const REPORT_TIMEOUT_MS = 15_000;
const LOOK_MS = 1;
const MAX_REPORT_BYTES = 4096;
const UNDO_TIMEOUT_MS = 5_000;
const FOREVER_MS = 2 ** 31 - 1;
/** A program that another one ended for leaves with this and the number of the signal. */
const BY_SIGNAL = 128;
const LAST_WORDS_BYTES = 500;

/**
 * As {@link startDetached}, for `bwrap --unshare-pid --info-fd 3`: that makes a pid namespace, writes `{"child-pid": N, …}` about the first process of it to descriptor 3,
 * has that start the program as its only child, waits for the end and ends likewise. Gives the program's process, as the host sees it, and tells of its end.
 */
export async function startInNamespace(
  argv: readonly string[],
  o: DetachedOptions,
): Promise<ProcessIdentity> {
  const { identity: outer, child } = await spawnDetached(argv, o, { reports: true });
  let inner: ProcessIdentity | undefined;
  child.once('exit', (code, signal) => void tellEnd(code, signal, inner, o.onExit));
  try {
    // What it starts from now on is in the group as well; what it has started already joins by itself.
    const joined = o.cgroup?.add(outer.pid);
    joined?.catch(() => undefined);
    const first = await reportedPid(child.stdio[3] as Readable);
    inner = first === undefined ? undefined : await onlyChild(first, outer);
    if (inner === undefined) throw await failure(argv, o.stderrPath);
    await joined;
    await o.cgroup?.add(inner.pid);
    if (o.oomScore !== undefined) await setOomScore(inner.pid, o.oomScore);
    return inner;
  } catch (error) {
    if (inner !== undefined) await terminate(inner, { signal: 'SIGKILL', timeoutMs: UNDO_TIMEOUT_MS });
    await terminate(outer, { signal: 'SIGKILL', timeoutMs: UNDO_TIMEOUT_MS });
    throw error;
  }
}

async function tellEnd(
  code: number | null,
  signal: string | null,
  inner: ProcessIdentity | undefined,
  onExit: DetachedOptions['onExit'],
): Promise<void> {
  if (inner !== undefined && isAlive(inner)) {
    // Only the one that waits for it was ended. How the other ends nobody will know.
    await waitForExit(inner, { timeoutMs: FOREVER_MS });
    onExit?.(null, null);
  } else if (code !== null && code > BY_SIGNAL) onExit?.(null, signalNamed(code - BY_SIGNAL));
  else onExit?.(code, signal);
}

function signalNamed(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}

/** The pid in the report; undefined when the program ended without one. */
async function reportedPid(report: Readable): Promise<number | undefined> {
  const deadline = deadlineSignal(REPORT_TIMEOUT_MS);
  const stop = (): void => void report.destroy(deadline.reason as Error);
  deadline.addEventListener('abort', stop, { once: true });
  let text = '';
  try {
    for await (const part of report) {
      text += String(part);
      if (text.length > MAX_REPORT_BYTES) break;
    }
    // Read to its end: who cannot finish a report ends before the other begins.
    const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  } finally {
    deadline.removeEventListener('abort', stop);
    report.destroy();
  }
}

/** The program that the first process of a namespace has started, once it has; undefined when it ended before. */
async function onlyChild(first: number, outer: ProcessIdentity): Promise<ProcessIdentity | undefined> {
  const look = async (): Promise<ProcessIdentity | 'ended' | undefined> => {
    const pid = Number((await readText(`/proc/${first}/task/${first}/children`))?.trim() || Number.NaN);
    return identify(pid) ?? (isAlive(outer) ? undefined : 'ended');
  };
  const o = { timeoutMs: REPORT_TIMEOUT_MS, intervalMs: LOOK_MS, what: 'the process to be started' };
  const found = await poll(look, o);
  return found === 'ended' ? undefined : found;
}

async function failure([program]: readonly string[], stderrPath: string): Promise<Error> {
  const said = (await tailFile(stderrPath, LAST_WORDS_BYTES).catch(() => '')).trim().split('\n').at(-1);
  return berthError(
    'command-failed',
    `${program} could not start the process: ${said || 'it left no message'}`,
  );
}
