import { parseDuration } from '../base/index.ts';
import {
  DEFAULT_COOL_DOWN_MS,
  DEFAULT_DRAIN_MS,
  DEFAULT_SCALE_VALUES,
  MAX_REPLICAS,
  type ReplicaPolicy,
  type ScaleTarget,
} from '../model/index.ts';
import { checkKeys } from './check-keys.ts';
import { REPLICAS_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { child, isText, type MapValue, type Value } from './value.ts';

const PATH = 'x-berth.replicas';
const TARGETS = ['connections', 'cpu', 'latency'] as const;
const MAX_TIME_MS = 3_600_000;
const MAX_VALUES: Readonly<Record<ScaleTarget, number>> = {
  connections: 1_000_000,
  cpu: 10_000,
  latency: MAX_TIME_MS,
};
const VALUE_RULES: Readonly<Record<ScaleTarget, string>> = {
  connections: 'must be a number of connections, 1 or more',
  cpu: 'must be a percentage of one core such as 70, 1 or more',
  latency: 'must be a time such as 500ms, at most 1h',
};

/** Reads `x-berth.replicas`: undefined where the environment's own machine is to be all. */
export function readReplicas(
  section: Value,
  o: { readonly mayRest: boolean },
  problems: ProblemList,
): ReplicaPolicy | undefined {
  const value = child(section, 'replicas');
  if (value === undefined || value.kind !== 'map') return undefined;
  checkKeys(value, PATH, REPLICAS_KEYS, problems);
  const reading = new ReplicaReader(value, problems);
  const min = reading.whole('min', 0) ?? 1;
  const max = reading.whole('max', 1) ?? Math.max(1, min);
  if (min > max) reading.complain('min', `must not be more than max, which is ${max}`);
  if (min === 0 && !o.mayRest)
    reading.complain('min', 'can be 0 only beside x-berth.idle, which says when it rests');
  const target = reading.target();
  return {
    ...{ min, max, target, value: reading.value(target) },
    coolDownMs: reading.time('cool-down') ?? DEFAULT_COOL_DOWN_MS,
    drainMs: reading.time('drain') ?? DEFAULT_DRAIN_MS,
  };
}

class ReplicaReader {
  readonly #map: MapValue;
  readonly #problems: ProblemList;

  constructor(map: MapValue, problems: ProblemList) {
    this.#map = map;
    this.#problems = problems;
  }

  complain(key: string, message: string): void {
    const place = child(this.#map, key)?.place ?? this.#map.place;
    this.#problems.add('invalid', `${PATH}.${key}`, message, place.start);
  }

  whole(key: string, least: number): number | undefined {
    return this.#read(key, `must be a whole number from ${least} to ${MAX_REPLICAS}`, (text) => {
      const number = /^\d{1,3}$/.test(text) ? Number(text) : -1;
      return number >= least && number <= MAX_REPLICAS ? number : undefined;
    });
  }

  /** A bare number is one of seconds, as elsewhere. */
  time(key: string): number | undefined {
    return this.#read(key, 'must be a time of at most 1h, such as 30s', (text) => {
      const ms = parseDuration(text);
      return ms !== undefined && ms <= MAX_TIME_MS ? ms : undefined;
    });
  }

  target(): ScaleTarget {
    const rule = 'must be "connections", "cpu" or "latency"';
    return this.#read('target', rule, (text) => TARGETS.find((one) => one === text)) ?? 'connections';
  }

  value(target: ScaleTarget): number {
    const read = (text: string) => {
      const number = target === 'latency' ? parseDuration(text) : Number(text.replace(/ ?%$/, ''));
      return number !== undefined && number >= 1 && number <= MAX_VALUES[target] ? number : undefined;
    };
    return this.#read('value', VALUE_RULES[target], read) ?? DEFAULT_SCALE_VALUES[target];
  }

  #read<Found>(key: string, rule: string, read: (text: string) => Found | undefined): Found | undefined {
    const value = child(this.#map, key);
    if (!isText(value)) return undefined;
    const found = read(value.text.trim());
    if (found === undefined) this.complain(key, rule);
    return found;
  }
}
