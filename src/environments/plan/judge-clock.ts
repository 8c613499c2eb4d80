/** Smaller differences between two looks are a clock that is being led, or a look that came late. */
const NOTABLE_MS = 250;

/**
 * By how much the clock of the host was set between two looks, in ms: what went by on it, less what really went by. Undefined when it was not. After the host was
 * suspended it is the time for which it was, since the monotonic clock stood still.
 */
export function clockStep(
  before: { readonly wallMs: number; readonly monotonicMs: number },
  now: { readonly wallMs: number; readonly monotonicMs: number },
): number | undefined {
  const stepMs = now.wallMs - before.wallMs - (now.monotonicMs - before.monotonicMs);
  return Math.abs(stepMs) < NOTABLE_MS ? undefined : Math.round(stepMs);
}
