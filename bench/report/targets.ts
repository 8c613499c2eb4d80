import { formatBytes, formatDuration } from '../../src/base/index.ts';
import type { Summary } from '../measure/statistics.ts';
import type { BenchResult } from '../result.ts';

/** A promise and what was measured of it. */
export interface Target {
  readonly promise: string;
  readonly measured: string;
  readonly kept: boolean;
}

const MIB = 1024 ** 2;
const MINUTE = 60_000;

/** Every promise of which the result has figures. */
export function targetsOf(result: BenchResult): Target[] {
  const { fork, burst, density, sleep, cycles, restores, fleet, port, project, capacity, quickstart } =
    result;
  return [
    ...(fork === undefined ? [] : forkTargets(fork.figures)),
    ...(burst === undefined ? [] : burstTargets(burst.figures)),
    ...(density === undefined ? [] : densityTargets(density.figures)),
    ...(sleep === undefined ? [] : sleepTargets(sleep.figures)),
    ...(cycles === undefined ? [] : cyclesTargets(cycles.figures)),
    ...(restores === undefined ? [] : restoresTargets(restores.figures)),
    ...(fleet === undefined ? [] : fleetTargets(fleet.figures)),
    ...(port === undefined ? [] : portTargets(port.figures)),
    ...(project === undefined ? [] : projectTargets(project.figures)),
    ...(capacity === undefined ? [] : capacityTargets(capacity.figures)),
    ...(quickstart === undefined ? [] : quickstartTargets(quickstart.figures)),
  ];
}

/** The figures of a stage that was measured. */
type Figures<Stage extends Exclude<keyof BenchResult, 'version'>> = NonNullable<
  BenchResult[Stage]
>['figures'];

function portTargets({ carriers: { berth, nginx } }: Figures<'port'>): Target[] {
  const against = (what: string, ours?: Summary, theirs?: Summary): Target[] => {
    if (ours === undefined || theirs === undefined) return [];
    const ratio = ours.p50 / theirs.p50;
    const promise = `${what}: at least 0.6 × nginx’s stream proxy`;
    return [{ promise, measured: `${ratio.toFixed(2)} ×`, kept: ratio >= 0.6 }];
  };
  const rates = (load: 'keepAlive' | 'perRequest') =>
    [berth[load]?.requestsPerSecond, nginx[load]?.requestsPerSecond] as const;
  return [
    ...against('throughput of a published port', berth.mibPerSecond, nginx.mibPerSecond),
    ...against('requests/s through it on kept connections', ...rates('keepAlive')),
    ...against('requests/s through it, each on a connection of its own', ...rates('perRequest')),
  ];
}

function projectTargets({ files, syncOne }: Figures<'project'>): Target[] {
  return [
    {
      promise: `\`berth sync\` of one changed file among ${files}, p50: at most 1 s`,
      measured: formatDuration(syncOne.p50),
      kept: syncOne.p50 <= 1000,
    },
  ];
}

function quickstartTargets({ firstMs, repeatedMs }: Figures<'quickstart'>): Target[] {
  return [
    {
      promise: 'quickstart from nothing: at most 8 minutes',
      measured: formatDuration(firstMs),
      kept: firstMs <= 8 * MINUTE,
    },
    {
      promise: 'quickstart repeated: at most 30 s',
      measured: formatDuration(repeatedMs),
      kept: repeatedMs <= 30_000,
    },
  ];
}

/** Of the slowest round. */
function burstTargets({ bursts }: Figures<'burst'>): Target[] {
  const errors = bursts.reduce((sum, one) => sum + one.errors, 0);
  return [
    ...bursts
      .filter(({ forks }) => forks >= 50)
      .map(({ forks, kind, all }) => ({
        promise: `${forks} forks asked for at once${kind === 'warm' ? ', as many warm' : ''}: all answer within 10 s`,
        measured: formatDuration(all.max),
        kept: all.max <= 10_000,
      })),
    {
      promise: 'forks that never answer, of many at once: none',
      measured: String(errors),
      kept: errors === 0,
    },
  ];
}

function sleepTargets({ frozen, asleep, fork }: Figures<'sleep'>): Target[] {
  const ratio = asleep.wake.p50 / fork.p50;
  return [
    {
      promise: 'wake from frozen to the first byte, p50: at most 30 ms',
      measured: `${frozen.wake.p50.toFixed(1)} ms`,
      kept: frozen.wake.p50 <= 30,
    },
    {
      promise: 'wake from asleep to the first byte, p50: at most 1.5 × a fork of a template',
      measured: `${ratio.toFixed(2)} ×`,
      kept: ratio <= 1.5,
    },
  ];
}

function cyclesTargets({ cycles, wrong }: Figures<'cycles'>): Target[] {
  return [
    {
      promise: `lost or doubled answers in ${cycles} sleeps and wakes: none`,
      measured: String(wrong),
      kept: wrong === 0,
    },
  ];
}

function restoresTargets({ restores, rows, lost, wrong }: Figures<'restores'>): Target[] {
  return [
    {
      promise: `acknowledged rows lost in ${restores} restores of a database under write load: none, every checksum equal`,
      measured: `${lost} of ${rows}, ${wrong} checksums differ`,
      kept: lost === 0 && wrong === 0 && rows > 0,
    },
  ];
}

function capacityTargets({ shapes }: Figures<'capacity'>): Target[] {
  return shapes.map(({ shape, told, made }) => ({
    promise: `\`berth capacity\` tells how many more forks of ${shape} are admitted: within 10 %`,
    measured: `${told} told, ${made} made`,
    kept: Math.abs(told - made) <= 0.1 * made,
  }));
}

function fleetTargets({ forks, errors, idleCpu }: Figures<'fleet'>): Target[] {
  const cpuPercent = idleCpu.allPercent + (idleCpu.daemonPercent ?? 0);
  return [
    {
      promise: '200 idle shops, all of them waking on a connection',
      measured: `${forks - errors} of ${forks}`,
      kept: forks >= 200 && errors === 0,
    },
    {
      promise: 'CPU of that fleet and of the daemon: at most 20 % of a core',
      measured: `${cpuPercent.toFixed(1)} %`,
      kept: cpuPercent <= 20,
    },
  ];
}

function forkTargets({ contestants }: Figures<'fork'>): Target[] {
  const targets: Target[] = [];
  const ours = contestants['fork-template']?.firstAnswer;
  const warm = contestants['fork-warm']?.firstAnswer;
  const podman = contestants.podman?.firstAnswer;
  const cold = contestants['cold-boot']?.firstAnswer;
  const against = (promise: string, ratio: number, most: number) =>
    targets.push({
      promise: `${promise}: at most ${most} × podman’s`,
      measured: `${ratio.toFixed(2)} ×`,
      kept: ratio <= most,
    });
  if (ours !== undefined && podman !== undefined)
    against('fork of a template to the first HTTP 200, p50', ours.p50 / podman.p50, 1.2);
  if (ours !== undefined && cold !== undefined) {
    const ratio = cold.p50 / ours.p50;
    targets.push({
      promise: 'the same: at most 1/25 of a cold boot',
      measured: `1/${ratio.toFixed(1)}`,
      kept: ratio >= 25,
    });
  }
  if (warm !== undefined && podman !== undefined) {
    against('fork taken from the warm ones, p50', warm.p50 / podman.p50, 0.3);
    against('the same, p95', warm.p95 / podman.p95, 0.6);
  }
  return targets;
}

function densityTargets(figures: Figures<'density'>): Target[] {
  const { forks, pss, daemon } = figures;
  return [
    { promise: '20 forks of the shop alive at once', measured: String(forks), kept: forks >= 20 },
    {
      promise: 'PSS of an idle fork, p95: at most 110 MiB',
      measured: formatBytes(pss.p95),
      kept: pss.p95 <= 110 * MIB,
    },
    {
      promise: 'the daemon with them: at most 150 MiB RSS',
      measured: formatBytes(daemon.rssBytes),
      kept: daemon.rssBytes <= 150 * MIB,
    },
  ];
}
