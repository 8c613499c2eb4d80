import type { SoakSample } from './measure.ts';

/** What must stay the same, and by how much it may differ at a moment: slots and threads that are being made ahead. */
const SAME = {
  descriptors: 6,
  threads: 2,
  files: 4,
  namespaces: 2,
  cgroups: 0,
  processes: 1,
  rows: 2,
} as const;
/** Memory of a program with a heap moves; more than this from the second quarter to the last is growth. */
const MEMORY_SHARE = 0.15;
const MEMORY_BYTES = 12 * 1024 ** 2;
/** Operations and events that are kept. */
const HISTORY_AT_MOST = 1_500 + 50;

/** What has grown from the second quarter of the cycles to the last, as sentences; empty when nothing has. */
export function growthIn(samples: readonly SoakSample[]): string[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const of = (some: readonly SoakSample[], what: keyof SoakSample) => median(some.map((one) => one[what]));
  const same = (Object.keys(SAME) as (keyof typeof SAME)[]).flatMap((what) => {
    const [before, now] = [of(early, what), of(late, what)];
    return now - before > SAME[what] ? [`${what}: ${before} became ${now}`] : [];
  });
  const [before, now] = [of(early, 'ownBytes'), of(late, 'ownBytes')];
  const allowed = Math.max(MEMORY_BYTES, before * MEMORY_SHARE);
  const memory = now - before > allowed ? [`memory of the daemon: ${before} bytes became ${now}`] : [];
  const history = of(late, 'history') > HISTORY_AT_MOST ? [`history: ${of(late, 'history')} rows`] : [];
  return [...same, ...memory, ...history];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
