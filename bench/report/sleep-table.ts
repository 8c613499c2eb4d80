import { formatBytes } from '../../src/base/index.ts';
import type { DepthResult, SleepStage } from '../result.ts';
import { ms, table } from './markdown.ts';

export function sleepLines({ frozen, asleep, fork }: SleepStage): string[] {
  return [
    ...table(
      [
        ...['', 'wake to first byte, p50', 'p95', 'slowest', 'runs', 'to fall asleep, p50 / p95'],
        ...['written', 'PSS awake', 'PSS asleep'],
      ],
      [row('frozen', frozen), row('asleep', asleep)],
    ),
    '',
    `A fork of the template of the same shop, without a warm one, in turns with the wakes from \`asleep\`: ${ms(fork.p50)} / ${ms(fork.p95)} (p50 / p95 of ${fork.count}).`,
  ];
}

function row(title: string, depth: DepthResult): string[] {
  const { wake, sleep, written, pssAwake, pssAsleep } = depth;
  return [
    ...[`\`${title}\``, ms(wake.p50), ms(wake.p95), ms(wake.max), String(wake.count)],
    ...[`${ms(sleep.p50)} / ${ms(sleep.p95)}`, formatBytes(Math.max(0, written.p50))],
    ...[formatBytes(pssAwake.p50), formatBytes(pssAsleep.p50)],
  ];
}
