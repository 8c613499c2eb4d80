import { Random } from './random.ts';

/** What can be asked of a place; `copy` forks another one that runs, `fork` the template. */
export type Verb =
  | 'fork'
  | 'copy'
  | 'rm'
  | 'sleep'
  | 'freeze'
  | 'wake'
  | 'request'
  | 'write'
  | 'read'
  | 'scale'
  | 'stop'
  | 'start'
  | 'restart';

/** What is done to the system while it works. */
export type Fault =
  | { readonly kind: 'daemon-kill'; readonly afterMs: number }
  | { readonly kind: 'machine-kill'; readonly place: number }
  | { readonly kind: 'machine-hang'; readonly place: number; readonly forMs: number }
  | { readonly kind: 'disk-full' }
  | { readonly kind: 'clock-step'; readonly seconds: number };

export type FaultKind = Fault['kind'];

export interface Step {
  /** From 1 on. */
  readonly number: number;
  readonly verb: Verb;
  /** Which environment, by its place. */
  readonly place: number;
  /** The place that is copied. */
  readonly from?: number;
  /** How many machines there are to be. */
  readonly replicas?: number;
  readonly fault?: Fault;
}

/** What is in a place, as far as the plan can know. */
export type Expected = 'absent' | 'running' | 'frozen' | 'asleep' | 'stopped' | 'crashed' | 'scaled';

/** At most so many environments, beside two that scaling adds. */
export const PLACES = 8;
const REPLICAS = 2;
const FAULT_SHARE = 0.3;
/** An hour, a little, and across the end of summer time, either way. */
const CLOCK_STEPS = [3600, -3600, 30, -30, 7200, -7200];

const WEIGHTS: Readonly<Record<Expected, Partial<Record<Verb, number>>>> = {
  absent: { fork: 6, copy: 3 },
  running: { request: 8, write: 10, read: 5, sleep: 6, freeze: 4, rm: 4, scale: 2, stop: 2, restart: 0.5 },
  frozen: { request: 4, wake: 3, sleep: 3, read: 2, rm: 1 },
  asleep: { request: 5, wake: 4, read: 2, rm: 1, stop: 0.3 },
  stopped: { rm: 4, start: 1.5 },
  crashed: { rm: 3, start: 1.5 },
  scaled: { request: 4, scale: 5, rm: 1 },
};

const AFTER: Readonly<Partial<Record<Verb, Expected>>> = {
  ...{ fork: 'running', copy: 'running', rm: 'absent', sleep: 'asleep', freeze: 'frozen', wake: 'running' },
  ...{
    request: 'running',
    write: 'running',
    read: 'running',
    stop: 'stopped',
    start: 'running',
    restart: 'running',
  },
};

/** Steps without end, which follow from the seed and from which faults there are to be, and from nothing else. */
export function* planWalk(seed: number, kinds: readonly FaultKind[]): Generator<Step, never> {
  const random = new Random(seed);
  const places: Expected[] = Array.from({ length: PLACES }, () => 'absent');
  for (let number = 1; ; number++) {
    const place = choosePlace(random, places);
    const step = chooseStep(random, places, place, number);
    const fault = random.next() < FAULT_SHARE ? chooseFault(random, kinds, places, step) : undefined;
    yield fault === undefined ? step : { ...step, fault };
    places[place] = after(step, places[place] ?? 'absent');
    if (fault?.kind === 'machine-kill') places[fault.place] = 'crashed';
  }
}

/** What a place holds when a step has been done. */
export function after(step: Pick<Step, 'verb' | 'replicas'>, before: Expected): Expected {
  if (step.verb === 'scale') return (step.replicas ?? 1) > 1 ? 'scaled' : 'running';
  if (before === 'scaled' && step.verb === 'request') return 'scaled';
  return AFTER[step.verb] ?? before;
}

/** Empty places are filled soon, so that most steps find something to work with. */
function choosePlace(random: Random, places: readonly Expected[]): number {
  const empty = [...places.keys()].filter((place) => places[place] === 'absent');
  const fills = empty.length > 0 && random.next() < empty.length / PLACES;
  const full = [...places.keys()].filter((place) => places[place] !== 'absent');
  return random.pick(fills || full.length === 0 ? empty : full) ?? 0;
}

function chooseStep(random: Random, places: readonly Expected[], place: number, number: number): Step {
  const state = places[place] ?? 'absent';
  const verb = random.weighted<Verb>(WEIGHTS[state]) ?? 'request';
  const others = [...places.keys()].filter((other) => places[other] === 'running');
  if (verb === 'copy') {
    const from = random.pick(others);
    return from === undefined ? { number, verb: 'fork', place } : { number, verb, place, from };
  }
  if (verb !== 'scale') return { number, verb, place };
  // One of them at a time has replicas.
  if (state === 'scaled') return { number, verb, place, replicas: 1 };
  return places.includes('scaled')
    ? { number, verb: 'request', place }
    : { number, verb, place, replicas: REPLICAS };
}

function chooseFault(
  random: Random,
  kinds: readonly FaultKind[],
  places: readonly Expected[],
  { place, from }: Step,
): Fault | undefined {
  const weights = {
    'daemon-kill': 10,
    'machine-kill': 1.5,
    'machine-hang': 3,
    'disk-full': 3,
    'clock-step': 3,
  };
  const kind = random.weighted<FaultKind>(Object.fromEntries(kinds.map((one) => [one, weights[one]])));
  const others = [...places.keys()].filter(
    (other) => other !== place && other !== from && places[other] === 'running',
  );
  const other = random.pick(others);
  switch (kind) {
    case 'daemon-kill':
      return { kind, afterMs: Math.round(random.next() ** 2 * 1_500) };
    case 'machine-kill':
      return other === undefined ? undefined : { kind, place: other };
    case 'machine-hang':
      return other === undefined ? undefined : { kind, place: other, forMs: 500 + random.below(2_000) };
    case 'clock-step':
      return { kind, seconds: random.pick(CLOCK_STEPS) ?? 0 };
    case 'disk-full':
      return { kind };
    default:
      return undefined;
  }
}
