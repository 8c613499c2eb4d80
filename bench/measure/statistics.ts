/** What a number of samples is reduced to. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The value below or at which `percent` of the samples lie, interpolated between the two nearest ranks; of an even number of
 * samples p50 is the mean of the middle two. Throws when there is no sample.
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) throw new RangeError('no samples');
  return below + (above - below) * (rank - Math.floor(rank));
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}

export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    p50: percentile(samples, 50),
    p95: percentile(samples, 95),
    min: Math.min(...samples),
    max: Math.max(...samples),
  };
}

/** Fewer samples tell nothing of the slowest hundredth. */
export const LEAST_FOR_P99 = 30;

export interface TailSummary extends Summary {
  readonly p99: number;
}

/** With p99 as well; of fewer than 100 samples it lies between the two slowest. */
export function summarizeTail(samples: readonly number[]): TailSummary {
  return { ...summarize(samples), p99: percentile(samples, 99) };
}

/** p99 where there are samples enough to tell it, else undefined. */
export function p99Of(samples: readonly number[]): number | undefined {
  return samples.length < LEAST_FOR_P99 ? undefined : percentile(samples, 99);
}

/** Medians by key, over records of which some may lack a key. Keys keep the order of their first appearance. */
export function mediansByKey(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return Object.fromEntries(
    keys.map((key) => [key, median(records.flatMap((record) => record[key] ?? []))] as const),
  );
}
