import { formatDuration } from '../../../../src/base/index.ts';
import type { Environment } from '../../../../src/model/index.ts';
import { get } from '../../../e2e/rig/http.ts';
import { invariantProblems } from '../invariants.ts';
import { removeAll } from '../project.ts';
import { type Subject, until } from '../subject.ts';
import { inject, type Tools } from './inject.ts';
import { Model, observed } from './model.ts';
import { nameOf, type Outcome, perform, urlOf } from './perform.ts';
import { type FaultKind, PLACES, planWalk, type Step } from './plan.ts';

/** A machine that the disk or a halt has held up is looked for every few seconds. */
const SETTLE_MS = 40_000;
const MAX_VIOLATIONS = 20;

export interface WalkOptions {
  readonly subject: Subject;
  readonly seed: number;
  /** At least so many steps. */
  readonly operations: number;
  /** At least so long, in ms. */
  readonly durationMs?: number;
  readonly tools: Tools;
  readonly onStep?: (line: string) => void;
  /** Ends it before its time, after the step that is under way. */
  readonly signal?: AbortSignal;
}

/** What a walk has seen. */
export interface WalkReport {
  readonly seed: number;
  readonly operations: number;
  readonly durationMs: number;
  readonly byVerb: Record<string, number>;
  readonly faults: Record<string, number>;
  /** How the steps ended. */
  readonly outcomes: Record<string, number>;
  /** How often all invariants were checked. */
  readonly checks: number;
  /** The most environments that there were at once, replicas among them. */
  readonly environmentsAtMost: number;
  readonly slowestRecoveryMs: number;
  readonly violations: string[];
}

/**
 * Does random things with random faults, and looks after each fault whether every invariant holds. The steps follow from the seed; what they find depends
 * on the moment, which no seed repeats.
 */
export async function walk(o: WalkOptions): Promise<WalkReport> {
  const walker = new Walker(o);
  await removeAll(o.subject);
  const startedAt = performance.now();
  const kinds: FaultKind[] = ['daemon-kill', 'machine-kill', 'machine-hang'];
  if (o.tools.ballast !== undefined) kinds.push('disk-full');
  if (o.tools.clock !== undefined) kinds.push('clock-step');
  for (const step of planWalk(o.seed, kinds)) {
    const isLong = performance.now() - startedAt >= (o.durationMs ?? 0);
    if ((step.number > o.operations && isLong) || walker.violations.length >= MAX_VIOLATIONS) break;
    if (o.signal?.aborted === true) break;
    await walker.take(step);
  }
  await walker.end();
  return walker.report(Math.round(performance.now() - startedAt));
}

class Walker {
  readonly violations: string[] = [];
  readonly #o: WalkOptions;
  readonly #subject: Subject;
  readonly #model = new Model();
  readonly #run = Math.random().toString(36).slice(2);
  readonly #counts = { byVerb: {}, faults: {}, outcomes: {} } as Record<string, Record<string, number>>;
  #steps = 0;
  #checks = 0;
  #most = 0;
  #slowestMs = 0;

  constructor(o: WalkOptions) {
    this.#o = o;
    this.#subject = o.subject;
  }

  async take(planned: Step): Promise<void> {
    const step = this.#withoutVoidFault(planned);
    const startedAt = performance.now();
    const before = this.#model.stateOf(step.place);
    const isAble = this.#model.isAble(step);
    const work = () => perform(this.#subject, step, `walk-${this.#run}-${step.number}`);
    try {
      const outcome =
        step.fault === undefined
          ? await work()
          : await inject(this.#subject, step.fault, this.#o.tools, nameOf, work);
      await this.#judge(step, isAble, outcome);
      this.#count(step, outcome);
      const fault = step.fault === undefined ? '' : ` with ${JSON.stringify(step.fault)}`;
      const told = outcome.code === undefined ? '' : ` (${outcome.code}: ${outcome.message ?? ''})`;
      const took = formatDuration(performance.now() - startedAt);
      this.#o.onStep?.(
        `${step.number} ${step.verb} ${nameOf(step.place)} (${before})${fault}: ${outcome.word}${told}, ${took}`,
      );
    } catch (error) {
      this.#violate(step, String(error));
      await this.#subject.startDaemon();
      this.#model.observe(await this.#subject.environments());
    }
  }

  /** The plan cannot know what an earlier fault made of a machine that is to be killed or held now. */
  #withoutVoidFault(step: Step): Step {
    const { fault, ...rest } = step;
    const isOfMachine = fault?.kind === 'machine-kill' || fault?.kind === 'machine-hang';
    return isOfMachine && this.#model.stateOf(fault.place) !== 'running' ? rest : step;
  }

  /** Nothing may be left of it all. */
  async end(): Promise<void> {
    await removeAll(this.#subject);
    const problems = await invariantProblems(this.#subject);
    this.#checks += 1;
    for (const problem of problems) this.violations.push(`seed ${this.#o.seed}, after the end: ${problem}`);
  }

  report(durationMs: number): WalkReport {
    const { byVerb = {}, faults = {}, outcomes = {} } = this.#counts;
    return {
      ...{ seed: this.#o.seed, operations: this.#steps, durationMs, byVerb, faults, outcomes },
      ...{
        checks: this.#checks,
        environmentsAtMost: this.#most,
        slowestRecoveryMs: Math.round(this.#slowestMs),
      },
      violations: this.violations,
    };
  }

  async #judge(step: Step, isAble: boolean, outcome: Outcome): Promise<void> {
    const { fault } = step;
    if (isAble && fault === undefined && outcome.word !== 'done' && outcome.code !== 'capacity-exceeded')
      this.#violate(
        step,
        `${outcome.word} though nothing stood in the way: ${outcome.code ?? ''} ${outcome.message ?? ''}`,
      );
    if (outcome.code === 'internal') this.#violate(step, `I8: a mistake: ${outcome.message ?? ''}`);
    const allowed = isAble ? this.#model.allowed(step, outcome) : undefined;
    if (isAble) this.#model.note(step, outcome);
    if (fault?.kind === 'machine-kill') this.#model.set(fault.place, 'crashed');
    const environments = await this.#settled(step, allowed);
    this.#most = Math.max(this.#most, environments.length);
    this.#model.observe(environments);
    if (step.verb === 'read' && outcome.word === 'done')
      this.#judgeText(step, step.place, outcome.text ?? '');
    if (fault !== undefined) await this.#checkAll(step);
  }

  /** Waits until every place is what it must be; what never comes is a violation. */
  async #settled(step: Step, allowed: readonly string[] | undefined): Promise<Environment[]> {
    const wrong = (environments: readonly Environment[]) =>
      Array.from({ length: PLACES }, (_, place) => place).flatMap((place) => {
        const isSubject = place === step.place;
        if (isSubject && allowed === undefined) return [];
        const expected = isSubject ? (allowed ?? []) : [this.#model.stateOf(place)];
        const found = observed(environments, place);
        return expected.includes(found)
          ? []
          : [`${nameOf(place)} is ${found}, and should be ${expected.join(' or ')}`];
      });
    const startedAt = performance.now();
    for (;;) {
      const environments = await this.#subject.environments();
      const problems = wrong(environments);
      if (problems.length === 0) return environments;
      if (performance.now() - startedAt > SETTLE_MS) {
        for (const problem of problems) this.#violate(step, `I1: ${problem}`);
        return environments;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #checkAll(step: Step): Promise<void> {
    const startedAt = performance.now();
    for (const problem of await invariantProblems(this.#subject)) this.#violate(step, problem);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
    this.#checks += 1;
    const environments = await this.#subject.environments();
    for (const place of this.#model.readable()) {
      const environment = environments.find(({ name }) => name === nameOf(place));
      if (environment === undefined) continue;
      const text = await until(`a value of ${nameOf(place)}`, SETTLE_MS, () =>
        get(`${urlOf(environment)}/cgi-bin/get`).catch(() => undefined),
      );
      this.#judgeText(step, place, text.trim());
    }
  }

  #judgeText(step: Step, place: number, text: string): void {
    const problem = this.#model.judgeValue(place, text);
    if (problem !== undefined) this.#violate(step, problem);
  }

  #violate({ number, verb, place, fault }: Step, problem: string): void {
    const what = `${verb} ${nameOf(place)}${fault === undefined ? '' : ` with ${JSON.stringify(fault)}`}`;
    const line = `seed ${this.#o.seed}, step ${number} (${what}): ${problem}`;
    this.violations.push(line);
    this.#o.onStep?.(`VIOLATION ${line}`);
  }

  #count({ verb, fault }: Step, { word }: Outcome): void {
    this.#steps += 1;
    const add = (group: string, name: string) => {
      const counts = (this.#counts[group] ??= {});
      counts[name] = (counts[name] ?? 0) + 1;
    };
    add('byVerb', verb);
    add('outcomes', word);
    if (fault !== undefined) add('faults', fault.kind);
  }
}
