/** The longest wait a timer can hold (2³¹ − 1 ms, 24 days); longer ones would fire at once. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** A wait ended because its deadline passed. Has the same `name` as the reason of `AbortSignal.timeout`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * A signal that aborts when `signal` does, or after `timeoutMs` with a reason named `TimeoutError`.
 * Its timer does not keep the process alive. Zero or less aborts at once.
 */
export function deadlineSignal(timeoutMs: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(Math.ceil(Math.min(Math.max(timeoutMs, 0), MAX_TIMEOUT_MS)));
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
