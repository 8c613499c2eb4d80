import { formatBytes } from '../../src/base/index.ts';
import type { TailSummary } from '../measure/statistics.ts';
import type { DaemonStage } from '../result.ts';
import { ms, table } from './markdown.ts';

export function daemonLines({ sizes }: DaemonStage): string[] {
  const head = [
    ...['environments in the store, all stopped', 'RSS / PSS', 'start to first answer'],
    ...['`GET /v1/environments`, p50 / p95 / p99', '`GET /v1/environments/NAME`, p50 / p95 / p99', 'calls'],
  ];
  const rows = sizes.map(({ environments, memory, startMs, list, get }) => [
    String(environments),
    `${formatBytes(memory.rssBytes)} / ${formatBytes(memory.pssBytes)}`,
    ...[ms(startMs), tailCell(list), get === undefined ? '–' : tailCell(get), String(list.count)],
  ]);
  return table(head, rows);
}

function tailCell({ p50, p95, p99 }: TailSummary): string {
  return `${p50.toFixed(2)} / ${p95.toFixed(2)} / ${p99.toFixed(2)} ms`;
}
