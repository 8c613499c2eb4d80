import type { Environment } from '../../../../src/model/index.ts';
import type { Outcome } from './perform.ts';
import { nameOf } from './perform.ts';
import { after, type Expected, PLACES, type Step } from './plan.ts';

/** What was never written. */
const NONE = 'none';
/** States from which a step can be asked for. */
const ABLE: Readonly<Record<Step['verb'], readonly Expected[]>> = {
  ...{ fork: ['absent'], copy: ['absent'], start: ['stopped', 'crashed'] },
  ...{
    stop: ['running', 'frozen', 'asleep', 'stopped', 'crashed', 'scaled'],
    restart: ['running', 'stopped', 'crashed'],
  },
  ...{ sleep: ['running', 'frozen'], freeze: ['running'], wake: ['running', 'frozen', 'asleep'] },
  ...{ scale: ['running', 'scaled'], rm: ['running', 'frozen', 'asleep', 'stopped', 'crashed', 'scaled'] },
  ...{ request: ['running', 'frozen', 'asleep', 'scaled'] },
  ...{ write: ['running', 'frozen', 'asleep'], read: ['running', 'frozen', 'asleep'] },
};

interface Place {
  state: Expected;
  /** The last value that was acknowledged. */
  value: string;
  /** Values whose writing nobody acknowledged: each may be there, or not. */
  maybe: Set<string>;
}

/** What the walk knows of what there must be. */
export class Model {
  readonly #places: Place[] = Array.from({ length: PLACES }, () => ({
    state: 'absent',
    value: NONE,
    maybe: new Set(),
  }));

  stateOf(place: number): Expected {
    return this.#of(place).state;
  }

  /** Whether the step could be done if nothing came between. */
  isAble({ verb, place, from }: Step): boolean {
    if (from !== undefined && this.stateOf(from) !== 'running') return false;
    return ABLE[verb].includes(this.stateOf(place));
  }

  /** The places whose value may be asked for without waking anybody. */
  readable(): number[] {
    return [...this.#places.keys()].filter((place) => this.stateOf(place) === 'running');
  }

  /** What a place may be now that a step ended so. */
  allowed(step: Step, outcome: Outcome): readonly Expected[] {
    const before = this.stateOf(step.place);
    const then = after(step, before);
    if (outcome.word === 'done') return [then];
    const isVisit = ['request', 'write', 'read'].includes(step.verb);
    if (isVisit) return [before, then];
    // What failed on its way up may be left stopped; a restart was stopped first.
    if (step.verb === 'start' || step.verb === 'restart') return [before, 'stopped', 'crashed'];
    if (step.verb === 'scale' || before === 'scaled') return ['running', 'scaled'];
    return [before];
  }

  /** Takes over what a step did to values. */
  note(step: Step, outcome: Outcome): void {
    const place = this.#of(step.place);
    if (step.verb === 'write') {
      if (outcome.word === 'done') this.#set(place, String(step.number));
      else if (outcome.word === 'lost') place.maybe.add(String(step.number));
    }
    if (step.verb === 'fork') this.#set(place, NONE);
    if (step.verb === 'copy' && step.from !== undefined) {
      const { value, maybe } = this.#of(step.from);
      this.#set(place, value);
      place.maybe = new Set(maybe);
    }
  }

  /** A sentence when this is not what was acknowledged. From here on it is what is there. */
  judgeValue(number: number, text: string): string | undefined {
    const place = this.#of(number);
    const { value, maybe } = place;
    const isRight = text === value || maybe.has(text);
    this.#set(place, text);
    return isRight ? undefined : `I1: ${nameOf(number)} has value ${text}, and ${value} was acknowledged`;
  }

  /** Takes over what there is. */
  observe(environments: readonly Environment[]): void {
    for (const [number, place] of this.#places.entries()) place.state = observed(environments, number);
  }

  set(place: number, state: Expected): void {
    this.#of(place).state = state;
  }

  #set(place: Place, value: string): void {
    place.value = value;
    place.maybe = new Set();
  }

  #of(number: number): Place {
    const place = this.#places[number];
    if (place === undefined) throw new Error(`there is no place ${number}`);
    return place;
  }
}

/** What is in a place. A state that the walk does not know is `crashed`, which every check refuses unless it is expected. */
export function observed(environments: readonly Environment[], place: number): Expected {
  const found = environments.find(({ name }) => name === nameOf(place));
  if (found === undefined) return 'absent';
  const { state, replicas } = found;
  if (state === 'running') return (replicas?.machines.length ?? 1) > 1 ? 'scaled' : 'running';
  return state === 'frozen' || state === 'asleep' || state === 'stopped' ? state : 'crashed';
}
