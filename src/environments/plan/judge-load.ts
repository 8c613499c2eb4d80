/** What is remembered of how busy a machine is, from look to look. */
export interface LoadMemory {
  /** Since when all of its virtual CPUs have been busy without a break, on the monotonic clock. */
  readonly busySinceMs?: number;
  /** It was told of, and not taken back yet. */
  readonly isTold: boolean;
}

export type LoadNews = 'saturated' | 'relieved' | undefined;

/** Some of a busy virtual CPU's time goes to what emulates its devices. */
const BUSY_SHARE = 0.85;
const CALM_SHARE = 0.5;
/** Shorter than this, and it is work like any other. */
const TELL_AFTER_MS = 1_500;

/** Judges the share of its virtual CPUs that a machine wanted to use since the last look. */
export function judgeLoad(
  share: number,
  { nowMs, intervalMs }: { readonly nowMs: number; readonly intervalMs: number },
  memory: LoadMemory,
): { readonly memory: LoadMemory; readonly news: LoadNews } {
  if (share < (memory.isTold ? CALM_SHARE : BUSY_SHARE))
    return { memory: { isTold: false }, news: memory.isTold ? 'relieved' : undefined };
  const busySinceMs = memory.busySinceMs ?? nowMs - intervalMs;
  const isNews = !memory.isTold && nowMs - busySinceMs >= TELL_AFTER_MS;
  return { memory: { busySinceMs, isTold: memory.isTold || isNews }, news: isNews ? 'saturated' : undefined };
}
