/**
 * The share of its virtual CPUs that a machine wanted to use between two looks at its threads, 0 to 1. A thread counts for one CPU at most, so that
 * those which wait together on a busy host do not add up to more than they could use.
 */
export function wantedShare(
  before: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
  { intervalMs, vcpus }: { readonly intervalMs: number; readonly vcpus: number },
): number {
  let busy = 0;
  for (const [thread, ms] of now) {
    const grown = ms - (before.get(thread) ?? ms);
    busy += Math.min(Math.max(grown / intervalMs, 0), 1);
  }
  return Math.min(busy / vcpus, 1);
}
