import { MAX_TIMEOUT_MS, TimeoutError } from './deadline.ts';
import { formatDuration } from './duration.ts';
import { sleep } from './sleep.ts';

/** How long and how often {@link poll} asks. */
export interface PollOptions {
  /** The deadline, in ms from the call; covers a probe that hangs as well. */
  readonly timeoutMs: number;
  /** Pause between the end of a probe and the start of the next, in ms. */
  readonly intervalMs: number;
  /** Ends the wait early with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What is waited for, for the message: `the guest's SSH port`. */
  readonly what: string;
}

/**
 * Asks `probe` until it gives a value other than undefined. Throws {@link TimeoutError} naming `what` at the deadline, the
 * signal's reason when it aborts, and what the probe throws. The probe's own signal aborts when nobody waits any more.
 */
export async function poll<T>(
  probe: (signal: AbortSignal) => Promise<T | undefined>,
  options: PollOptions,
): Promise<T> {
  const { timeoutMs, intervalMs, signal, what } = options;
  signal?.throwIfAborted();
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () => ending.abort(new TimeoutError(`Waited ${formatDuration(timeoutMs)} for ${what}`)),
    Math.min(Math.max(timeoutMs, 0), MAX_TIMEOUT_MS),
  );
  try {
    return await Promise.race([
      rejectOnAbort(ending.signal),
      probeUntilValue(probe, intervalMs, ending.signal),
    ]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    ending.abort();
  }
}

async function probeUntilValue<T>(
  probe: (signal: AbortSignal) => Promise<T | undefined>,
  intervalMs: number,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    const value = await probe(signal);
    if (value !== undefined) return value;
    await sleep(intervalMs, signal);
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
