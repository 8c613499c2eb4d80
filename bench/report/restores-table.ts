import type { Summary } from '../measure/statistics.ts';
import type { RestoresStage } from '../result.ts';
import { ms, table } from './markdown.ts';

export function restoresLines({
  restores,
  bootEach,
  rows,
  lost,
  wrong,
  snapshot,
  withMemory,
  booted,
}: RestoresStage): string[] {
  const times = ({ p50, p95, max }: Summary) => `${ms(p50)} / ${ms(p95)} / ${ms(max)}`;
  return table(
    ['a store that four clients write to', ''],
    [
      ['restores', `${restores}, of which every ${bootEach}th booted from the disk alone`],
      ['acknowledged rows that were looked for', String(rows)],
      ['rows lost', String(lost)],
      ['lists whose checksum differs', String(wrong)],
      ['snapshot under load, p50 / p95 / slowest', times(snapshot)],
      ...(withMemory === undefined
        ? []
        : [['restore with memory, call to answer', times(withMemory)] as const]),
      ...(booted === undefined ? [] : [['restore by a boot, call to answer', times(booted)] as const]),
    ],
  );
}
