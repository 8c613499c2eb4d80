import type { ExpectedUse } from '../model/index.ts';
import {
  type Facts,
  kindKey,
  type MachineKind,
  type MachineStartKind,
  type MeasuredUse,
  type Resident,
} from './facts.ts';

const MIB = 1024 ** 2;
/** What QEMU itself takes beside the guest's memory. */
const OVERHEAD_BYTES = 48 * MIB;
/** Head room: one more is expected to take so much more than the median of those that run. */
const GROWTH = 1.25;
/** So many that run are a better measure than what is remembered of those before. */
const ENOUGH = 3;
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

/** What is known of machines by having measured them. */
export type Measures = Pick<Facts, 'residents' | 'remembered'>;

/** What one more machine of this kind is expected to take: as measured at its like, else as assumed. Never more memory than the whole shape. */
export function expectedUse(kind: MachineKind, measures: Measures): ExpectedUse {
  const alike = measures.residents.filter((one) => isMeasure(one) && isAlike(one, kind));
  const same = alike.filter(({ project }) => project !== undefined && project === kind.project);
  const remembered = measures.remembered.get(kindKey(kind));
  const rest = {
    diskBytes: diskOf(kind, same.length > 0 ? same : alike),
    cpuPercent: cpuOf(measures.residents),
  };
  if (same.length >= ENOUGH || (same.length > 0 && remembered === undefined))
    return { ...rest, ...measured(kind, useOf(same)), basis: 'kind' };
  if (remembered !== undefined) return { ...rest, ...measured(kind, remembered), basis: 'remembered' };
  if (alike.length > 0) return { ...rest, ...measured(kind, useOf(alike)), basis: 'shape' };
  const assumed = OVERHEAD_BYTES + kind.shape.memoryMib * MIB * ASSUMED_SHARE[kind.start];
  return { ...rest, memoryBytes: Math.round(assumed), samples: 0, basis: 'assumed' };
}

/** What was measured at the machines that run, by {@link kindKey}. */
export function usesOf(residents: readonly Resident[]): Map<string, MeasuredUse> {
  const byKind = Map.groupBy(residents.filter(isMeasure), kindKey);
  return new Map(byKind.entries().map(([key, samples]) => [key, useOf(samples)]));
}

/** All memory that a machine of a shape can take. */
function wholeBytes({ shape }: Pick<MachineKind, 'shape'>): number {
  return shape.memoryMib * MIB + OVERHEAD_BYTES;
}

/** Value below which the share `part` of the values lies; 0 of none. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? 0;
}

function isMeasure({ settled, ownBytes }: Resident): boolean {
  return settled && ownBytes !== undefined;
}

function isAlike(one: MachineKind, other: MachineKind): boolean {
  return kindKey({ ...one, project: '' }) === kindKey({ ...other, project: '' });
}

function useOf(samples: readonly Resident[]): MeasuredUse {
  const own = samples.flatMap(({ ownBytes }) => ownBytes ?? []);
  return { medianBytes: quantile(own, 0.5), p95Bytes: quantile(own, 0.95), samples: own.length };
}

function measured(kind: MachineKind, use: MeasuredUse): MeasuredUse & Pick<ExpectedUse, 'memoryBytes'> {
  const withHeadRoom = Math.max(use.p95Bytes, Math.round(use.medianBytes * GROWTH));
  return { ...use, memoryBytes: Math.max(1, Math.min(wholeBytes(kind), withHeadRoom)) };
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
