import { formatBytes, formatDuration } from '../../src/base/index.ts';
import type { MachineFacts } from '../measure/machine.ts';
import type { Summary } from '../measure/statistics.ts';
import type {
  BenchResult,
  CapacityStage,
  CliStage,
  ContestantResult,
  DensityStage,
  DockerStage,
  ForkStage,
  Measured,
  PortStage,
  ProjectStage,
} from '../result.ts';
import { CONTESTANTS, TITLES } from './contestants.ts';
import { targetsOf } from './targets.ts';

/** The figures as lines of Markdown. */
export function reportOf(result: BenchResult): string[] {
  const { fork, density, cli, port, docker, project, capacity, quickstart } = result;
  return [
    ...section('Promises', targetLines(result)),
    ...(fork === undefined
      ? []
      : section('From the call to the first HTTP 200', [...forkLines(fork.figures), '', measuredOn(fork)])),
    ...(density === undefined
      ? []
      : section('Many forks at once', [...densityLines(density.figures), '', measuredOn(density)])),
    ...(cli === undefined
      ? []
      : section('The command line', [...cliLines(cli.figures), '', measuredOn(cli)])),
    ...(port === undefined
      ? []
      : section('A published port', [...portLines(port.figures), '', measuredOn(port)])),
    ...(docker === undefined
      ? []
      : section('Docker clients', [...dockerLines(docker.figures), '', measuredOn(docker)])),
    ...(project === undefined
      ? []
      : section('Files and images of a project', [
          ...projectLines(project.figures),
          '',
          measuredOn(project),
        ])),
    ...(capacity === undefined
      ? []
      : section('What fits', [...capacityLines(capacity.figures), '', measuredOn(capacity)])),
    ...(quickstart === undefined
      ? []
      : section('Quickstart', [
          `From nothing ${formatDuration(quickstart.figures.firstMs)}, repeated ${formatDuration(quickstart.figures.repeatedMs)}.`,
          '',
          measuredOn(quickstart),
        ])),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return [`### ${title}`, '', ...lines, ''];
}

function targetLines(result: BenchResult): string[] {
  const rows = targetsOf(result).map(({ promise, measured, kept }) => [
    promise,
    measured,
    kept ? 'yes' : '**no**',
  ]);
  return table(['promise', 'measured', 'kept'], rows);
}

function forkLines({ contestants, runs, path, podmanMissing }: ForkStage): string[] {
  const podman = contestants.podman?.firstAnswer.p50;
  const rows = CONTESTANTS.flatMap((name) => {
    const one = contestants[name];
    if (one === undefined) return [];
    const ratio = podman === undefined ? '–' : `${(one.firstAnswer.p50 / podman).toFixed(2)} ×`;
    return [[TITLES[name], ...timeCells(one.firstAnswer), ms(one.finished.p50), ratio]];
  });
  const head = ['', 'p50', 'p95', 'fastest', 'slowest', 'runs', 'operation ended, p50', 'p50 against podman'];
  return [
    ...table(head, rows),
    '',
    `${runs} rounds; the request is \`GET ${path}\`.`,
    ...(podmanMissing === undefined ? [] : ['', `Without podman: ${podmanMissing}.`]),
    '',
    ...stepLines(contestants),
  ];
}

function timeCells({ p50, p95, min, max, count }: Summary): string[] {
  return [ms(p50), ms(p95), ms(min), ms(max), String(count)];
}

function stepLines(contestants: ForkStage['contestants']): string[] {
  const forks = (['fork-template', 'fork-warm', 'fork-running'] as const).flatMap((name) => {
    const one = contestants[name];
    return one?.steps === undefined ? [] : [[TITLES[name], one] as const];
  });
  const names = [...new Set(forks.flatMap(([, one]) => Object.keys(one.steps ?? {})))];
  if (names.length === 0) return [];
  const rows = forks.map(([title, one]) => [
    title,
    ...names.map((name) => stepCell(one, name)),
    pauseCell(one),
    frozenCell(one),
  ]);
  return [
    'Where the time goes (medians of what the daemon reports):',
    '',
    ...table(['', ...names, 'parent paused, p50 / p95', 'written by the freeze'], rows),
  ];
}

function stepCell({ steps }: ContestantResult, name: string): string {
  const value = steps?.[name];
  return value === undefined ? '–' : ms(value);
}

function pauseCell({ parentPaused, frozenBytes }: ContestantResult): string {
  if (parentPaused === undefined || (frozenBytes ?? 0) === 0) return '–';
  return `${ms(parentPaused.p50)} / ${ms(parentPaused.p95)}`;
}

function frozenCell({ frozenBytes = 0 }: ContestantResult): string {
  return frozenBytes === 0 ? '–' : formatBytes(frozenBytes);
}

function densityLines(figures: DensityStage): string[] {
  const {
    forks,
    firstAnswer,
    allAnsweredMs,
    settledMs,
    pss,
    privateDirty,
    idleCpu,
    daemon,
    hostMemoryTakenBytes,
    list,
  } = figures;
  return table(
    [`${forks} forks of the shop, alive at once`, ''],
    [
      [
        'one call for all, until each had answered',
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
      ['taken from the host’s available memory by all', formatBytes(hostMemoryTakenBytes)],
      [
        `CPU of all of them idle, over ${formatDuration(idleCpu.overMs)}`,
        `${idleCpu.allPercent.toFixed(1)} % of a core, ${idleCpu.perForkPercent.toFixed(2)} % each`,
      ],
      ['the daemon: RSS / PSS', `${formatBytes(daemon.rssBytes)} / ${formatBytes(daemon.pssBytes)}`],
      [
        '`GET /v1/environments` with them: p50 / p95 / p99',
        `${list.p50.toFixed(2)} / ${list.p95.toFixed(2)} / ${list.p99.toFixed(2)} ms (${list.count} calls)`,
      ],
    ],
  );
}

function cliLines({ commands }: CliStage): string[] {
  const rows = Object.entries(commands).map(([title, summary]) => [`\`${title}\``, ...timeCells(summary)]);
  return table(['process start to end', 'p50', 'p95', 'fastest', 'slowest', 'runs'], rows);
}

const CARRIERS = {
  none: 'the server itself',
  nginx: 'through nginx’s stream proxy',
  berth: 'through a published port',
} as const;

function portLines({ carriers, roundBytes }: PortStage): string[] {
  const rows = (['none', 'nginx', 'berth'] as const).map((carrier) => {
    const { mibPerSecond, roundTrip, connection } = carriers[carrier];
    return [
      CARRIERS[carrier],
      mibPerSecond.p50.toFixed(0),
      `${us(roundTrip.p50)} / ${us(roundTrip.p99)}`,
      `${us(connection.p50)} / ${us(connection.p99)}`,
    ];
  });
  const head = [
    '',
    `MiB/s, one connection, ${formatBytes(roundBytes)}`,
    'round trip, p50 / p99',
    'with a new connection, p50 / p99',
  ];
  return table(head, rows);
}

function us(value: number): string {
  return `${(value * 1000).toFixed(0)} µs`;
}

function dockerLines({
  outside,
  inside,
  imageBytes,
  saveMibPerSecond,
  loadMibPerSecond,
}: DockerStage): string[] {
  return table(
    ['', 'p50', 'p95', 'runs'],
    [
      ['`GET /version` inside the guest', ms(inside.p50), ms(inside.p95), String(inside.count)],
      ['the same through the socket on the host', ms(outside.p50), ms(outside.p95), String(outside.count)],
      ...[['save', saveMibPerSecond] as const, ['load', loadMibPerSecond] as const].map(([title, rate]) => [
        `\`docker ${title}\` of an image of ${formatBytes(imageBytes)}`,
        `${rate.p50.toFixed(1)} MiB/s`,
        '–',
        String(rate.count),
      ]),
    ],
  );
}

function projectLines(figures: ProjectStage): string[] {
  const { files, syncAll, syncOne, imageBytes, firstPullMs, secondPullMs } = figures;
  const image = `pull of an image of ${formatBytes(imageBytes)}`;
  return table(
    ['', 'p50', 'p95', 'runs'],
    [
      [`\`berth sync\` of ${files} new files`, ms(syncAll.p50), ms(syncAll.p95), String(syncAll.count)],
      ['the same after one of them has changed', ms(syncOne.p50), ms(syncOne.p95), String(syncOne.count)],
      [`${image}, first environment`, ms(firstPullMs), '–', '1'],
      [`${image}, second environment`, ms(secondPullMs), '–', '1'],
    ],
  );
}

function capacityLines({ shapes, forks }: CapacityStage): string[] {
  const rows = shapes.map(({ shape, naive, expectedBytes, told, made, settledBytes, othersBytes }) => [
    shape,
    String(naive),
    formatBytes(expectedBytes),
    String(told),
    String(made),
    formatBytes(settledBytes),
    formatBytes(othersBytes),
  ]);
  const head = [
    'shape',
    'in all by memory / shape',
    'expected of one fork',
    'said to fit',
    'made until one was refused',
    'own memory of one once settled',
    'taken by other programs meanwhile',
  ];
  return [
    ...table(head, rows),
    '',
    `So much memory was reserved that about ${forks} more forks of the shop fit beside three.`,
  ];
}

function measuredOn({ at, machine, quick }: Measured<unknown>): string {
  const note = quick ? ' **A quick run: too few samples to quote.**' : '';
  return `Measured ${at.slice(0, 10)} at commit \`${machine.commit}\` on ${machineLine(machine)}.${note}`;
}

function machineLine(machine: MachineFacts): string {
  const { cpu, cores, memoryBytes, os, kernel, virtual, node, qemu, accelerator, podman, nginx, loadBefore } =
    machine;
  return [
    `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}${virtual ? ' of a virtual machine' : ''}`,
    formatBytes(memoryBytes),
    `${os}, Linux ${kernel}`,
    `QEMU ${qemu}, accelerator ${accelerator}`,
    ...(podman === undefined ? [] : [`podman ${podman}`]),
    ...(nginx === undefined ? [] : [`nginx ${nginx}`]),
    `Node ${node}`,
    `load ${loadBefore} before`,
  ].join('; ');
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : formatDuration(value);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}
