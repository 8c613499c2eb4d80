import { formatDuration } from '../../src/base/index.ts';
import type { Summary } from '../measure/statistics.ts';

/** Lines of a table; the first column is of words, the others of figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}

/** A time in ms as a person reads it. */
export function ms(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : formatDuration(value);
}

export function us(value: number): string {
  return `${(value * 1000).toFixed(0)} µs`;
}

/** p50, p95, fastest, slowest, runs. */
export function timeCells({ p50, p95, min, max, count }: Summary): string[] {
  return [ms(p50), ms(p95), ms(min), ms(max), String(count)];
}
