import { formatBytes, formatDuration } from '../../src/base/index.ts';
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
export function targetsOf({ fork, density, quickstart, port, project, capacity }: BenchResult): Target[] {
  const targets: Target[] = [];
  if (fork !== undefined) targets.push(...forkTargets(fork.figures));
  if (density !== undefined) targets.push(...densityTargets(density.figures));
  if (port !== undefined) {
    const { berth, nginx } = port.figures.carriers;
    const ratio = berth.mibPerSecond.p50 / nginx.mibPerSecond.p50;
    targets.push({
      promise: 'throughput of a published port: at least 0.5 × nginx’s stream proxy',
      measured: `${ratio.toFixed(2)} ×`,
      kept: ratio >= 0.5,
    });
  }
  if (project !== undefined) {
    const { files, syncOne } = project.figures;
    targets.push({
      promise: `\`berth sync\` of one changed file among ${files}, p50: at most 1 s`,
      measured: formatDuration(syncOne.p50),
      kept: syncOne.p50 <= 1000,
    });
  }
  if (capacity !== undefined)
    targets.push(
      ...capacity.figures.shapes.map(({ shape, told, made }) => ({
        promise: `\`berth capacity\` tells how many more forks of ${shape} are admitted: within 10 %`,
        measured: `${told} told, ${made} made`,
        kept: Math.abs(told - made) <= 0.1 * made,
      })),
    );
  if (quickstart !== undefined) {
    const { firstMs, repeatedMs } = quickstart.figures;
    targets.push({
      promise: 'quickstart from nothing: at most 8 minutes',
      measured: formatDuration(firstMs),
      kept: firstMs <= 8 * MINUTE,
    });
    targets.push({
      promise: 'quickstart repeated: at most 30 s',
      measured: formatDuration(repeatedMs),
      kept: repeatedMs <= 30_000,
    });
  }
  return targets;
}

function forkTargets({ contestants }: NonNullable<BenchResult['fork']>['figures']): Target[] {
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
    against('fork of a template to the first HTTP 200, p50', ours.p50 / podman.p50, 1.5);
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

function densityTargets(figures: NonNullable<BenchResult['density']>['figures']): Target[] {
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
