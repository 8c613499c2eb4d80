import type { ExpectedUse } from '../model/index.ts';
import type { MachineKind, MachineStartKind, Resident } from './facts.ts';

const MIB = 1024 ** 2;
/** What QEMU itself takes beside the guest's memory. */
const OVERHEAD_BYTES = 48 * MIB;
/** Head room: one more is expected to take so much more than the median of those that run. */
const GROWTH = 1.25;
/**
 * Share of the shape that is assumed where nothing was measured. A fork shares what it does not write. An environment of `up` shares the
 * guest's system, and loads its images. A machine that boots from its disk shares nothing.
 */
const ASSUMED_SHARE: Readonly<Record<MachineStartKind, number>> = {
  fork: 0.25,
  wake: 0.25,
  up: 0.5,
  boot: 1,
};
const ASSUMED_DISK_BYTES: Readonly<Record<MachineStartKind, number>> = {
  fork: 32 * MIB,
  wake: 0,
  up: 256 * MIB,
  boot: 64 * MIB,
};
/** Of a guest under emulation that nobody asks anything. */
const ASSUMED_CPU_PERCENT = 1;
/** Less than this share of a core is idle. */
const IDLE_BELOW_PERCENT = 20;

/** What one more machine of this kind is expected to take: as measured at its like, else as assumed. Never more memory than the whole shape. */
export function expectedUse(kind: MachineKind, residents: readonly Resident[]): ExpectedUse {
  const { basis, samples } = likeOf(kind, residents);
  return {
    ...memoryOf(kind, basis, samples),
    diskBytes: diskOf(kind, samples),
    cpuPercent: cpuOf(residents),
    basis,
    samples: samples.length,
  };
}

/** All memory that a machine of a shape can take. */
export function wholeBytes({ shape }: Pick<MachineKind, 'shape'>): number {
  return shape.memoryMib * MIB + OVERHEAD_BYTES;
}

/** Value below which the share `part` of the sorted values lies; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? 0;
}

function likeOf(
  kind: MachineKind,
  residents: readonly Resident[],
): { readonly basis: ExpectedUse['basis']; readonly samples: readonly Resident[] } {
  const start = kind.start === 'wake' ? 'fork' : kind.start;
  const sameShape = residents.filter(
    (one) =>
      one.settled &&
      one.ownBytes !== undefined &&
      (one.start === 'wake' ? 'fork' : one.start) === start &&
      one.shape.memoryMib === kind.shape.memoryMib &&
      one.shape.vcpus === kind.shape.vcpus,
  );
  const same = sameShape.filter(({ project }) => project !== undefined && project === kind.project);
  if (same.length > 0) return { basis: 'kind', samples: same };
  return sameShape.length > 0 ? { basis: 'shape', samples: sameShape } : { basis: 'assumed', samples: [] };
}

function memoryOf(
  kind: MachineKind,
  basis: ExpectedUse['basis'],
  samples: readonly Resident[],
): Pick<ExpectedUse, 'memoryBytes' | 'medianBytes' | 'p95Bytes'> {
  const whole = wholeBytes(kind);
  if (basis === 'assumed') {
    const assumed = OVERHEAD_BYTES + (whole - OVERHEAD_BYTES) * ASSUMED_SHARE[kind.start];
    return { memoryBytes: Math.round(assumed) };
  }
  const own = samples.flatMap(({ ownBytes }) => ownBytes ?? []);
  const medianBytes = quantile(own, 0.5);
  const p95Bytes = quantile(own, 0.95);
  const memoryBytes = Math.min(whole, Math.max(p95Bytes, Math.round(medianBytes * GROWTH)));
  return { memoryBytes: Math.max(1, memoryBytes), medianBytes, p95Bytes };
}

function diskOf({ start }: MachineKind, samples: readonly Resident[]): number {
  const measured = samples.flatMap(({ diskBytes }) => diskBytes ?? []);
  // A machine whose disk is there already only adds to it.
  if (measured.length === 0 || start === 'boot' || start === 'wake') return ASSUMED_DISK_BYTES[start];
  return Math.round(quantile(measured, 0.5) * GROWTH);
}

function cpuOf(residents: readonly Resident[]): number {
  const idle = residents
    .filter(({ life }) => life === 'running')
    .flatMap(({ cpuPercent }) => cpuPercent ?? [])
    .filter((percent) => percent < IDLE_BELOW_PERCENT);
  return idle.length === 0 ? ASSUMED_CPU_PERCENT : Math.max(0.1, quantile(idle, 0.5));
}
