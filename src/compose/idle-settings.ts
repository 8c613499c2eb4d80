import { parseDuration } from '../base/index.ts';
import type { IdlePolicy, WeekTime } from '../model/index.ts';
import { checkKeys } from './check-keys.ts';
import { IDLE_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { child, isText, itemsOf, type MapValue, type Value } from './value.ts';

const PATH = 'x-berth.idle';
const MIN_AFTER_MS = 1_000;
const MAX_AFTER_MS = 7 * 24 * 3_600_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const ALL_DAYS = DAYS.map((_, index) => index);
const MAX_ENTRIES = 100;

/** Reads `x-berth.idle`: undefined where the environment is to run whether anybody uses it or not. */
export function readIdlePolicy(section: Value, problems: ProblemList): IdlePolicy | undefined {
  const idle = child(section, 'idle');
  if (idle === undefined || idle.kind !== 'map') return undefined;
  checkKeys(idle, PATH, IDLE_KEYS, problems);
  const reading = new IdleReader(idle, problems);
  const afterMs = reading.time('after');
  if (afterMs === undefined && child(idle, 'after') === undefined)
    problems.add('invalid', `${PATH}.after`, 'is missing: a time such as 30s', idle.place.start);
  const sleepAfterMs = reading.time('sleep-after');
  return {
    afterMs: afterMs ?? MAX_AFTER_MS,
    rest: reading.choice('then', ['freeze', 'sleep'], 'freeze'),
    ...(sleepAfterMs === undefined ? {} : { sleepAfterMs }),
    wake: reading.choice('wake', ['connect', 'data'], 'connect'),
    ignore: reading.list('ignore', readNetwork, 'must be an address or a network such as 10.0.0.0/8'),
    awake: reading.list('awake', readWeekTime, 'must be a time of the week such as "mon-fri 08:00-18:00"'),
  };
}

class IdleReader {
  readonly #idle: MapValue;
  readonly #problems: ProblemList;

  constructor(idle: MapValue, problems: ProblemList) {
    this.#idle = idle;
    this.#problems = problems;
  }

  time(key: string): number | undefined {
    const value = child(this.#idle, key);
    if (!isText(value)) return undefined;
    // A bare number is one of seconds, as elsewhere.
    const ms = parseDuration(value.text.trim());
    if (ms !== undefined && ms >= MIN_AFTER_MS && ms <= MAX_AFTER_MS) return ms;
    this.#problems.add('invalid', `${PATH}.${key}`, 'must be a time from 1s to 7d', value.place.start);
    return undefined;
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[], otherwise: Choice): Choice {
    const value = child(this.#idle, key);
    if (!isText(value)) return otherwise;
    const found = choices.find((one) => one === value.text);
    if (found !== undefined) return found;
    const names = choices.map((one) => `"${one}"`).join(' or ');
    this.#problems.add('invalid', `${PATH}.${key}`, `must be ${names}`, value.place.start);
    return otherwise;
  }

  list<Item>(key: string, read: (text: string) => Item | undefined, message: string): Item[] {
    return itemsOf(child(this.#idle, key))
      .slice(0, MAX_ENTRIES)
      .flatMap((item, index) => {
        const found = isText(item) ? read(item.text.trim()) : undefined;
        if (found !== undefined) return [found];
        this.#problems.add('invalid', `${PATH}.${key}[${index}]`, message, item.place.start);
        return [];
      });
  }
}

function readNetwork(text: string): string | undefined {
  const match = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/i.exec(text);
  const [, address = '', prefix] = match ?? [];
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : 0;
  return bits > 0 && (prefix === undefined || Number(prefix) <= bits) ? text : undefined;
}

function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  return text.includes(':') && URL.canParse(`http://[${text}]/`);
}

/** `08:00-18:00`, `mon-fri 08:00-18:00`, `sat,sun 10:00-02:00`. */
function readWeekTime(text: string): WeekTime | undefined {
  const match = /^(?:([a-z]{3}(?:[-,][a-z]{3})*) )?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/i.exec(text);
  if (match === null) return undefined;
  const [, names, ...times] = match;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = times.map(Number);
  const days = names === undefined ? ALL_DAYS : readDays(names.toLowerCase());
  if (days === undefined || fromMinute > 59 || toMinute > 59) return undefined;
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  return from < 1440 && to <= 1440 && from !== to ? { days, from, to } : undefined;
}

function readDays(text: string): number[] | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first = -1, last = first, ...more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (first < 0 || last < 0 || more.length > 0) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}
