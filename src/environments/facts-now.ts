import { hostname } from 'node:os';
import { type ProcessMemoryNow, processMemoryNow } from '../host/index.ts';
import type { EnvironmentId } from '../model/index.ts';
import type { Admitted, CapacitySettings, Facts, HostFacts, Resident } from '../placement/index.ts';
import { kindOf, lifeOf } from './plan/machine-kind.ts';
import type { EnvironmentRecord } from './record.ts';
import type { EnvironmentRegistry } from './registry.ts';
import type { WarmMember } from './warm-member.ts';

/** A guest that has run for so long has touched most of what it works with. */
const SETTLED_AFTER_MS = 15_000;

/** What the facts are taken from. */
export interface FactSources {
  readonly settings: CapacitySettings;
  readonly registry: Pick<EnvironmentRegistry, 'list'>;
  readonly pools: { members(): readonly WarmMember[] };
  /** What the host has now, with so many environments on it. */
  readonly host: (environments: number) => HostFacts;
  /** What kinds of machines were measured to take before. */
  readonly remembered: Facts['remembered'];
  /** Measured now and then. */
  readonly measured: {
    readonly diskBytes: ReadonlyMap<EnvironmentId, number>;
    readonly cpuPercent: ReadonlyMap<EnvironmentId, number>;
  };
}

/**
 * What is there at this moment. Everything is read in one go, without waiting for anything: between two looks at the same books nothing
 * could be counted twice or not at all.
 */
export function factsNow(
  sources: FactSources,
  admitted: (running: ReadonlySet<string>, known: ReadonlySet<string>) => Admitted,
): Facts {
  const records = sources.registry.list();
  const memory = new Map(records.map((record) => [record.id, memoryOf(record)]));
  const members = sources.pools.members();
  const residents = [
    ...records.map((record) => residentOf(record, memory.get(record.id), sources)),
    ...members.map(residentOfMember),
  ];
  const running = records.filter(({ process }) => process !== undefined).map(({ name }) => name);
  const known = records.map(({ name }) => name);
  return {
    hosts: [sources.host(records.length)],
    residents,
    remembered: sources.remembered,
    admitted: admitted(new Set(running), new Set(known)),
    sharedBytes: sharedBytes([
      ...records
        .filter(({ process }) => process?.origin === 'template')
        .map(({ id, template }) => [template, memory.get(id)?.fileBytes] as const),
      ...members.map(
        ({ machine, template }) =>
          [template, processMemoryNow(machine.running.process.pid)?.fileBytes] as const,
      ),
    ]),
    settings: sources.settings,
  };
}

function memoryOf({ process }: EnvironmentRecord): ProcessMemoryNow | undefined {
  return process === undefined ? undefined : processMemoryNow(process.process.pid);
}

function residentOf(
  record: EnvironmentRecord,
  memory: ProcessMemoryNow | undefined,
  { measured }: FactSources,
): Resident {
  const diskBytes = measured.diskBytes.get(record.id);
  const cpuPercent = measured.cpuPercent.get(record.id);
  const ageMs = record.readyAt === undefined ? 0 : Date.now() - Date.parse(record.readyAt);
  return {
    ...kindOf(record),
    name: record.name,
    host: hostname(),
    life: lifeOf(record),
    ...(memory === undefined ? {} : { ownBytes: memory.ownBytes }),
    ...(diskBytes === undefined ? {} : { diskBytes }),
    ...(cpuPercent === undefined ? {} : { cpuPercent }),
    pooled: false,
    settled: ageMs >= SETTLED_AFTER_MS,
  };
}

function residentOfMember({ id, shape, project, machine }: WarmMember): Resident {
  const memory = processMemoryNow(machine.running.process.pid);
  return {
    ...{ start: 'fork', shape, project, name: id, host: hostname(), life: 'held' },
    ...(memory === undefined ? {} : { ownBytes: memory.ownBytes }),
    pooled: true,
    settled: false,
  };
}

/** Each template that is mapped by somebody counts once: as much of it as whoever uses most of it has in memory. */
function sharedBytes(mapped: Iterable<readonly [template: string, fileBytes: number | undefined]>): number {
  const largest = new Map<string, number>();
  for (const [template, fileBytes = 0] of mapped)
    largest.set(template, Math.max(fileBytes, largest.get(template) ?? 0));
  return largest.values().reduce((sum, bytes) => sum + bytes, 0);
}
