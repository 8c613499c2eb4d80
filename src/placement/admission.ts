import type { CapacityDimensionName } from '../model/index.ts';
import { beyondHost } from './beyond-host.ts';
import { expectedUse } from './expected-use.ts';
import type { Facts, MachineKind } from './facts.ts';
import { eachOf, howMany, roomsOf } from './room.ts';

/** What somebody wants to start. */
export interface AdmissionRequest {
  readonly kind: MachineKind;
  /** How many machines; 0 is admitted always. */
  readonly count: number;
  /** Memory that the first host has in use now and that will be given back before. */
  readonly freedBytes?: number;
  /** Disk that is written once for all of them. */
  readonly onceDiskBytes?: number;
}

/** Why not. */
export interface Refusal {
  readonly dimension: CapacityDimensionName;
  readonly unit: 'bytes' | 'percent' | 'count';
  readonly needed: number;
  readonly room: number;
  /** How many of them would fit. */
  readonly fitting: number;
}

/** Judges whether machines fit on the first host, by the same figures as its capacity; undefined when they do, else by what they fit least. */
export function judgeAdmission(request: AdmissionRequest, facts: Facts): Refusal | undefined {
  const { kind, count, freedBytes = 0, onceDiskBytes = 0 } = request;
  const [host] = facts.hosts;
  const each = eachOf(kind, expectedUse(kind, facts));
  const beyond = beyondHost(kind.shape, host).map(({ name, needed, total }) => ({
    ...{ dimension: name, needed, room: total, fitting: 0 },
    unit: name === 'memory' ? ('bytes' as const) : ('count' as const),
  }));
  const refusals = roomsOf(host, facts)
    .filter(({ binding }) => binding)
    .flatMap(({ name, unit, room }) => {
      const once = name === 'disk' ? onceDiskBytes : 0;
      const left = room + (name === 'memory' ? freedBytes : 0);
      const needed = each[name] * count + once;
      const fitting = howMany(left - once, each[name]);
      return needed <= left ? [] : [{ dimension: name, unit, needed, room: left, fitting }];
    });
  return count === 0 ? undefined : [...beyond, ...refusals].toSorted((a, b) => a.fitting - b.fitting)[0];
}
