import { formatBytes } from '../../base/index.ts';
import {
  type CapacityDimension,
  type CapacityDimensionName,
  type CapacityReport,
  formatShape,
  type HostCapacity,
} from '../../model/index.ts';
import type { Style } from '../terminal/style.ts';
import { type Column, formatTable } from './table.ts';

const TITLES: Readonly<Record<CapacityDimensionName, string>> = {
  memory: 'memory',
  vcpus: 'virtual CPUs',
  disk: 'disk',
  'idle-cpu': 'CPU of idle ones',
  'file-descriptors': 'file descriptors',
  addresses: 'addresses',
  'network-slots': 'network slots',
};

const LIKE: Readonly<Record<CapacityReport['expected']['basis'], string>> = {
  kind: 'of their kind',
  remembered: 'of their kind before',
  shape: 'of their shape',
  assumed: '',
};

/** Everything that `berth capacity` says. */
export function capacityLines(report: CapacityReport, style: Style): string[] {
  return [
    style.bold(summary(report)),
    ...basisLines(report),
    '',
    ...report.hosts.flatMap((host) => [
      ...(report.hosts.length === 1 ? [] : [style.bold(host.name)]),
      ...formatTable(dimensionColumns(host), host.dimensions, { head: style.dim }),
      '',
    ]),
    ...memoryLines(report),
    '',
    ...whatIfLines(report),
    ...countLines(report),
  ];
}

/** One row for each host, and what their loss would do. */
export function hostLines(report: CapacityReport, style: Style): string[] {
  return [
    ...formatTable(HOST_COLUMNS, report.hosts, { head: style.dim }),
    '',
    lossLine(report),
    ...countLines(report),
  ];
}

function summary({ more, limitedBy, shape, source }: CapacityReport): string {
  const what =
    source === undefined
      ? `forks of shape ${formatShape(shape)}`
      : `forks of ${source} (${formatShape(shape)})`;
  return `${more} more ${what} fit, limited by ${TITLES[limitedBy]}`;
}

function basisLines({ expected, naive, hosts }: CapacityReport): string[] {
  const byMemory = hosts
    .flatMap(({ dimensions }) => dimensions)
    .reduce((sum, one) => sum + (one.name === 'memory' ? (one.naive ?? 0) : 0), 0);
  const { memoryBytes, medianBytes, p95Bytes, samples, basis } = expected;
  const measured =
    basis === 'assumed'
      ? 'assumed as a share of the shape: none has run for long enough to be measured'
      : `measured at ${samples} ${LIKE[basis]}: median ${formatBytes(medianBytes ?? 0)}, p95 ${formatBytes(p95Bytes ?? 0)}`;
  return [
    `One more is expected to take ${formatBytes(memoryBytes)} of memory of its own, ${measured}.`,
    `By resources / shape, with nothing shared, there would be ${naive} in all, ${byMemory} by memory alone.`,
  ];
}

function dimensionColumns({ limitedBy }: HostCapacity): Column<CapacityDimension>[] {
  return [
    { title: 'WHAT', cell: (one) => TITLES[one.name] },
    { title: 'TOTAL', cell: (one) => figure(one, one.total), align: 'right' },
    { title: 'LEFT', cell: (one) => figure(one, one.room), align: 'right' },
    { title: 'EACH', cell: (one) => figure(one, one.each), align: 'right' },
    { title: 'BY SHAPE', cell: (one) => one.naive?.toString(), align: 'right' },
    { title: 'MORE', cell: (one) => many(one.more), align: 'right' },
    { title: '', cell: (one) => noteOf(one, limitedBy) },
  ];
}

function noteOf({ name, binding }: CapacityDimension, limitedBy: CapacityDimensionName): string {
  if (name === limitedBy) return 'limits';
  return binding ? ' ' : 'told only';
}

function figure({ unit }: CapacityDimension, value: number): string {
  if (unit === 'bytes') return formatBytes(value);
  return unit === 'percent' ? `${Math.round(value * 10) / 10} %` : String(Math.floor(value));
}

function many(value: number): string {
  return value >= 1_000_000 ? '> 1000000' : String(value);
}

function memoryLines(report: CapacityReport): string[] {
  const parts = [
    [report.memoryReserveBytes, 'left alone for the host'],
    [report.memorySharedBytes, 'of templates that forks share'],
    [report.memoryGrowthBytes, 'for running machines to grow'],
    [report.memoryAdmittedBytes, 'for machines that are being started'],
    [
      report.memoryPooledBytes,
      'of warm forks, counted as left: they are given up when an environment needs it',
    ],
  ] as const;
  return [
    'Set aside of the memory that is available now:',
    ...parts.filter(([bytes]) => bytes > 0).map(([bytes, what]) => `  ${formatBytes(bytes)} ${what}`),
  ];
}

function whatIfLines(report: CapacityReport): string[] {
  const { machines, fitting, fits, memoryNeededBytes, memoryRoomBytes, vcpusNeeded, vcpusRoom } =
    report.wakeStorm;
  const short = [
    ...(memoryNeededBytes > memoryRoomBytes
      ? [`${formatBytes(memoryNeededBytes - memoryRoomBytes)} of memory`]
      : []),
    ...(vcpusNeeded > vcpusRoom ? [`${vcpusNeeded - vcpusRoom} virtual CPUs`] : []),
  ];
  const storm =
    machines === 0
      ? 'Nothing sleeps.'
      : fits
        ? `If all ${machines} that sleep woke at once, they would fit.`
        : `If all ${machines} that sleep woke at once, ${fitting} would fit; ${short.join(' and ') || 'room'} would be missing.`;
  return [storm, lossLine(report)];
}

function lossLine({ hosts, hostLoss }: CapacityReport): string {
  const { host, environments, elsewhere, lost } = hostLoss;
  if (hosts.length === 1)
    return `If ${host} is lost, everything is: there is no other host (${environments} environments).`;
  if (environments === 0) return `If ${host}, the largest, is lost, no environment is: none is on it.`;
  const rest = lost === 0 ? 'all of them fit elsewhere' : `${elsewhere} fit elsewhere, ${lost} do not`;
  return `If ${host} is lost, its ${environments} environments are to be started elsewhere, sharing nothing: ${rest}.`;
}

function countLines({ count }: CapacityReport): string[] {
  if (count === undefined) return [];
  const { asked, fits, fitting } = count;
  return ['', fits ? `${asked} fit.` : `${asked} do not fit; ${fitting} would.`];
}

const HOST_COLUMNS: readonly Column<HostCapacity>[] = [
  { title: 'HOST', cell: ({ name, added }) => (added ? `${name} (what if)` : name) },
  { title: 'RUNNING', cell: ({ running }) => String(running), align: 'right' },
  { title: 'BY SHAPE', cell: ({ naive }) => String(naive), align: 'right' },
  { title: 'MORE', cell: ({ more }) => String(more), align: 'right' },
  { title: 'LIMITED BY', cell: ({ limitedBy }) => TITLES[limitedBy] },
];
