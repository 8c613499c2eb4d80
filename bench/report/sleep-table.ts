import { formatBytes } from '../../src/base/index.ts';
import type { CyclesStage, DepthResult, SleepStage } from '../result.ts';
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

export function cyclesLines({
  cycles,
  frozenEach,
  wrong,
  answer,
  pssAwake,
  pssAsleep,
  written,
}: CyclesStage): string[] {
  return table(
    ['one environment that counts its visits', ''],
    [
      ['sleeps, each ended by a connection', `${cycles}, of which every ${frozenEach}th only froze it`],
      ['answers that were lost, or counted twice', String(wrong)],
      ['connect to answer, p50 / p95 / slowest', `${ms(answer.p50)} / ${ms(answer.p95)} / ${ms(answer.max)}`],
      ['PSS before a sleep, median / largest', `${formatBytes(pssAwake.p50)} / ${formatBytes(pssAwake.max)}`],
      ['PSS asleep, largest', formatBytes(pssAsleep.max)],
      [
        'kept on disk meanwhile, median / largest',
        `${formatBytes(written.p50)} / ${formatBytes(written.max)}`,
      ],
    ],
  );
}
