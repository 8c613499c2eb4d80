import type { CapacityDimension, CapacityDimensionName, ExpectedUse } from '../model/index.ts';
import { expectedUse, type Measures } from './expected-use.ts';
import { type Facts, type HostFacts, kindKey, type MachineKind, NOTHING_ADMITTED } from './facts.ts';

const MIB = 1024 ** 2;
const LEAST_RESERVE_BYTES = 512 * MIB;
const RESERVE_SHARE = 0.05;
const DISK_RESERVE_BYTES = 512 * MIB;
const DISK_RESERVE_SHARE = 0.01;
/** What the daemon opens beside its machines. */
const SPARE_DESCRIPTORS = 128;
/** Control sockets, listeners, endpoint and SSH connection of one environment. */
const DESCRIPTORS_EACH = 16;
/** Idle machines may take so much of all cores; the rest is for those that work. */
const IDLE_SHARE = 0.8;

/** What is left of one thing on one host. */
export interface Room {
  readonly name: CapacityDimensionName;
  readonly unit: CapacityDimension['unit'];
  readonly total: number;
  /** 0 or more. */
  readonly room: number;
  readonly binding: boolean;
}

/** Memory left alone on a host of this size. */
export function memoryReserve(totalBytes: number, { settings }: Pick<Facts, 'settings'>): number {
  return settings.memoryReserveBytes ?? Math.max(LEAST_RESERVE_BYTES, Math.round(totalBytes * RESERVE_SHARE));
}

/** Memory that the machines which are on a host are still expected to take. */
export function memoryGrowth(host: string, facts: Measures): number {
  const expected = new Map<string, number>();
  let sum = 0;
  for (const one of facts.residents) {
    if (one.ownBytes === undefined || one.host !== host) continue;
    const key = kindKey(one);
    const bytes = expected.get(key) ?? expectedUse(one, facts).memoryBytes;
    expected.set(key, bytes);
    sum += Math.max(0, bytes - one.ownBytes);
  }
  return sum;
}

/** What is left of everything on a host, once what is there and what was admitted has got what it is expected to take. */
export function roomsOf(host: HostFacts, facts: Facts): Room[] {
  const here = facts.residents.filter((one) => one.host === host.name);
  const isFirst = host.name === facts.hosts[0]?.name;
  const admitted = isFirst ? facts.admitted : NOTHING_ADMITTED;
  const running = here.filter(({ life }) => life === 'running');
  const vcpus = running.reduce((sum, { shape }) => sum + shape.vcpus, 0);
  const cpuUsed = running.reduce((sum, { cpuPercent = 0 }) => sum + cpuPercent, 0);
  const memoryTaken =
    memoryReserve(host.memoryTotalBytes, facts) +
    (isFirst ? facts.sharedBytes : 0) +
    memoryGrowth(host.name, facts) +
    admitted.memoryBytes;
  const cpuTotal = host.cpus * facts.settings.vcpusPerCpu;
  return [
    room('memory', 'bytes', host.memoryTotalBytes, host.memoryAvailableBytes - memoryTaken),
    room('vcpus', 'count', cpuTotal, cpuTotal - vcpus - admitted.vcpus),
    ...diskRoom(host, admitted.diskBytes),
    {
      ...room('idle-cpu', 'percent', host.cpus * 100, host.cpus * 100 * IDLE_SHARE - cpuUsed),
      binding: false,
    },
    ...counted(
      'file-descriptors',
      host.fileDescriptors,
      SPARE_DESCRIPTORS + admitted.count * DESCRIPTORS_EACH,
    ),
    ...counted('addresses', host.addresses, admitted.addresses),
    ...counted('network-slots', host.networkSlots, admitted.count),
  ];
}

function room(name: CapacityDimensionName, unit: Room['unit'], total: number, left: number): Room {
  return { name, unit, total, room: Math.max(0, Math.floor(left)), binding: true };
}

function diskRoom({ disk }: HostFacts, admittedBytes: number): Room[] {
  if (disk === undefined) return [];
  const reserve = Math.max(DISK_RESERVE_BYTES, disk.totalBytes * DISK_RESERVE_SHARE);
  return [room('disk', 'bytes', disk.totalBytes, disk.freeBytes - reserve - admittedBytes)];
}

function counted(
  name: CapacityDimensionName,
  of: { readonly total: number; readonly used: number } | undefined,
  taken: number,
): Room[] {
  return of === undefined ? [] : [room(name, 'count', of.total, of.total - of.used - taken)];
}

/** What one more machine takes of each thing. */
export function eachOf(
  kind: MachineKind,
  expected: ExpectedUse,
): Readonly<Record<CapacityDimensionName, number>> {
  return {
    memory: expected.memoryBytes,
    vcpus: kind.shape.vcpus,
    disk: expected.diskBytes,
    'idle-cpu': expected.cpuPercent,
    'file-descriptors': DESCRIPTORS_EACH,
    addresses: 1,
    'network-slots': 1,
  };
}

/** How many fit into `left` when each takes `each`; what takes nothing always fits. */
export function howMany(left: number, each: number): number {
  return each <= 0 ? Number.MAX_SAFE_INTEGER : Math.max(0, Math.floor(left / each));
}
