import { formatBytes, formatDuration } from '../../src/base/index.ts';
import type { MachineFacts } from '../measure/machine.ts';
import type {
  BenchResult,
  CapacityStage,
  CliStage,
  DockerStage,
  Measured,
  ProjectStage,
  QuickstartStage,
} from '../result.ts';
import { daemonLines } from './daemon-table.ts';
import { burstLines, densityLines, fleetLines, growthLines } from './density-tables.ts';
import { forkLines } from './fork-tables.ts';
import { loadStepLines } from './load-step.ts';
import { ms, table, timeCells } from './markdown.ts';
import { portLines } from './port-tables.ts';
import { restoresLines } from './restores-table.ts';
import { cyclesLines, sleepLines } from './sleep-table.ts';
import { targetsOf } from './targets.ts';

/** The figures as lines of Markdown. */
export function reportOf(result: BenchResult): string[] {
  return [
    ...promises(result),
    ...part('From the call to the first HTTP 200', result.fork, forkLines),
    ...part('Many forks in one call', result.burst, burstLines),
    ...part('One more fork beside many', result.growth, growthLines),
    ...part('Many forks at once', result.density, densityLines),
    ...part('Sleep and wake', result.sleep, sleepLines),
    ...part('Sleep and wake, again and again', result.cycles, cyclesLines),
    ...part('Snapshot and restore of a database', result.restores, restoresLines),
    ...part('A load on a sleeper', result.load, loadStepLines),
    ...part('A sleeping fleet', result.fleet, fleetLines),
    ...part('The daemon by itself', result.daemon, daemonLines),
    ...part('The command line', result.cli, cliLines),
    ...part('A published port', result.port, portLines),
    ...part('Docker clients', result.docker, dockerLines),
    ...part('Files and images of a project', result.project, projectLines),
    ...part('What fits', result.capacity, capacityLines),
    ...part('Quickstart', result.quickstart, quickstartLines),
  ];
}

function part<Figures>(
  title: string,
  measured: Measured<Figures> | undefined,
  lines: (figures: Figures) => readonly string[],
): string[] {
  if (measured === undefined) return [];
  return section(title, [...lines(measured.figures), '', measuredOn(measured)]);
}

function section(title: string, lines: readonly string[]): string[] {
  return [`### ${title}`, '', ...lines, ''];
}

function promises(result: BenchResult): string[] {
  const rows = targetsOf(result).map(({ promise, measured, kept }) => [
    promise,
    measured,
    kept ? 'yes' : '**no**',
  ]);
  return rows.length === 0 ? [] : section('Promises', table(['promise', 'measured', 'kept'], rows));
}

function quickstartLines({ firstMs, repeatedMs }: QuickstartStage): string[] {
  return [`From nothing ${formatDuration(firstMs)}, repeated ${formatDuration(repeatedMs)}.`];
}

function cliLines({ commands }: CliStage): string[] {
  const rows = Object.entries(commands).map(([title, summary]) => [`\`${title}\``, ...timeCells(summary)]);
  return table(['process start to end', 'p50', 'p95', 'fastest', 'slowest', 'runs'], rows);
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
  const { cpu, cores, memoryBytes, os, kernel, virtual, node, qemu, accelerator, loadBefore } = machine;
  const peers = (['podman', 'libvirt', 'nginx', 'haproxy', 'wrk'] as const).flatMap((peer) => {
    const version = machine[peer];
    return version === undefined ? [] : [`${peer} ${version}`];
  });
  return [
    `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}${virtual ? ' of a virtual machine' : ''}`,
    formatBytes(memoryBytes),
    `${os}, Linux ${kernel}`,
    `QEMU ${qemu}, accelerator ${accelerator}`,
    ...peers,
    `Node ${node}`,
    `load ${loadBefore} before`,
  ].join('; ');
}
