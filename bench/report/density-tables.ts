import { formatBytes, formatDuration } from '../../src/base/index.ts';
import type { BurstStage, DensityStage, FleetStage, GrowthStage, IdleCpu } from '../result.ts';
import { ms, table, timeCells } from './markdown.ts';

export function densityLines(figures: DensityStage): string[] {
  const { forks, firstAnswer, allAnsweredMs, settledMs, pss, privateDirty, daemon, list } = figures;
  return table(
    [`${forks} forks of the shop, alive at once`, ''],
    [
      [
        `${forks > 100 ? 'calls of 100, one after the other' : 'one call for all'}, until each had answered`,
        `${ms(allAnsweredMs)} (half of them after ${ms(firstAnswer.p50)})`,
      ],
      [
        `PSS of a fork after ${formatDuration(settledMs)}, median / p95`,
        `${formatBytes(pss.p50)} / ${formatBytes(pss.p95)}`,
      ],
      [
        'own memory of a fork (private dirty), median / p95',
        `${formatBytes(privateDirty.p50)} / ${formatBytes(privateDirty.p95)}`,
      ],
      ['taken from the host’s available memory by all', formatBytes(figures.hostMemoryTakenBytes)],
      cpuRow(figures.idleCpu),
      ['the daemon: RSS / PSS', `${formatBytes(daemon.rssBytes)} / ${formatBytes(daemon.pssBytes)}`],
      [
        '`GET /v1/environments` with them: p50 / p95 / p99',
        `${list.p50.toFixed(2)} / ${list.p95.toFixed(2)} / ${list.p99.toFixed(2)} ms (${list.count} calls)`,
      ],
    ],
  );
}

function cpuRow({ overMs, allPercent, perForkPercent, daemonPercent }: IdleCpu): string[] {
  const daemon = daemonPercent === undefined ? '' : `; the daemon ${daemonPercent.toFixed(1)} %`;
  return [
    `CPU of all of them idle, over ${formatDuration(overMs)}`,
    `${allPercent.toFixed(1)} % of a core, ${perForkPercent.toFixed(2)} % each${daemon}`,
  ];
}

export function fleetLines(figures: FleetStage): string[] {
  const { forks, freeze, settledMs, pss, privateDirty, daemon, wake, errors, firstError } = figures;
  const whole = `whole machines of ${formatBytes(figures.shapeBytes)} that the host’s memory would hold`;
  const answers = `${forks - errors} of ${forks}`;
  return [
    ...table(
      [`${forks} idle shops, each frozen`, ''],
      [
        [whole, String(figures.wholeMachines)],
        ['so many times as many here', `${(forks / figures.wholeMachines).toFixed(1)} ×`],
        ['to freeze one, p50 / p95', `${ms(freeze.p50)} / ${ms(freeze.p95)}`],
        [
          `PSS of one after ${formatDuration(settledMs)}, median / p95`,
          `${formatBytes(pss.p50)} / ${formatBytes(pss.p95)}`,
        ],
        [
          'own memory of one (private dirty), median / p95',
          `${formatBytes(privateDirty.p50)} / ${formatBytes(privateDirty.p95)}`,
        ],
        ['taken from the host’s available memory by all', formatBytes(figures.hostMemoryTakenBytes)],
        cpuRow(figures.idleCpu),
        ['the daemon: RSS / PSS', `${formatBytes(daemon.rssBytes)} / ${formatBytes(daemon.pssBytes)}`],
        ['woken by a connection, one after the other', answers],
        [
          'from its connect to the first byte, p50 / p95 / p99',
          `${ms(wake.p50)} / ${ms(wake.p95)} / ${ms(wake.p99)}`,
        ],
      ],
    ),
    ...(firstError === undefined ? [] : ['', `The first that did not answer: ${firstError}.`]),
  ];
}

export function burstLines({ bursts, firstError }: BurstStage): string[] {
  const rows = bursts.map(({ kind, forks, half, all, errors }) => [
    `${forks} ${forks === 1 ? 'fork' : 'forks'}, ${kind === 'warm' ? 'all' : 'none'} of them warm`,
    ms(half.p50),
    ms(all.p50),
    ms(all.max),
    String(all.count),
    String(errors),
  ]);
  const head = [
    'asked for in one call',
    'half have answered',
    'all have answered',
    'slowest round',
    'errors',
  ];
  return [...table(head, rows), ...(firstError === undefined ? [] : ['', `The first error: ${firstError}.`])];
}

export function growthLines({ settledMs, levels }: GrowthStage): string[] {
  const first = levels[0]?.firstAnswer.p50;
  const rows = levels.map(({ living, firstAnswer }) => [
    `${living} alive and idle`,
    ...timeCells(firstAnswer),
    first === undefined ? '–' : `${(firstAnswer.p50 / first).toFixed(2)} ×`,
  ]);
  return [
    ...table(
      ['one more fork beside', 'p50', 'p95', 'fastest', 'slowest', 'runs', 'p50 against the first line'],
      rows,
    ),
    '',
    `The others were left alone for ${formatDuration(settledMs)} before.`,
  ];
}
