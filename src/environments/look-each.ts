import type { Log } from './context.ts';

/** Calls `look` again and again, never while an earlier call still works. What fails is logged as `complaint`. Disposing waits for the last. */
export function lookEach(
  intervalMs: number,
  log: Log,
  complaint: string,
  look: () => Promise<void>,
): AsyncDisposable {
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => log.warn({ err: error }, complaint))
      .finally(() => {
        looking = undefined;
      });
  }, intervalMs);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
