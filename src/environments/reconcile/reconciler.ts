import { Mutex, sleep } from '../../base/index.ts';
import { asBerthError } from '../../errors/index.ts';
import type { DoctorReport } from '../../model/index.ts';
import type { NetworkManager } from '../../network/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { compare, type FoundDifference, lasting, type Repair } from '../plan/differences.ts';
import { carryOut } from './carry-out.ts';
import { isBusy, lookAtHost, readBooks } from './look.ts';

/** How often books and reality are compared while nothing happens. */
const LOOK_INTERVAL_MS = 30_000;
/** What differs is looked at again after so long, before anything is done about it. */
const AGAIN_AFTER_MS = 8_000;
/** The same for a repair that somebody waits for. */
const AGAIN_AT_ONCE_MS = 1_500;
/** After something went wrong, once what followed from it has had its time. */
const AFTER_TROUBLE_MS = 3_000;
const TROUBLE = new Set([
  ...['environment.crashed', 'environment.unresponsive', 'environment.guest-restarted'],
  ...['operation.failed', 'operation.cancelled', 'replica.failed', 'pool.failed'],
]);

/**
 * Compares what is written down with what is on the host, as long as the daemon lives, and mends what differs. What is to be removed or changed was seen
 * twice, and nothing that an operation under way uses is touched. No machine with a record is ever ended.
 */
export class Reconciler implements AsyncDisposable {
  readonly #context: Context;
  readonly #network: NetworkManager;
  readonly #ending = new AbortController();
  readonly #turn = new Mutex();
  #before: readonly FoundDifference[] = [];
  /** Repairs that failed, with the reason: what lasts is told of once. */
  readonly #failures = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();

  constructor(context: Context, network: NetworkManager) {
    this.#context = context;
    this.#network = network;
  }

  /** Begins to look; returns at once. */
  start(): void {
    this.#work = this.#keepLooking();
  }

  /** What differs now; changes nothing. */
  async report(): Promise<DoctorReport> {
    const found = await this.#look();
    const differences = found.map(({ key: _key, act: _act, ...difference }) => difference);
    const environments = this.#context.registry.list().length;
    return { ok: differences.length === 0, environments, differences };
  }

  /** Looks twice and mends what was there both times; gives what was done, and what could not be. */
  async repair(operation: OperationContext): Promise<readonly string[]> {
    return this.#turn.run(async () => {
      const found = await operation.step(
        'look',
        'compare what is written down with what is there',
        async (step) => {
          const first = await this.#look();
          if (first.length > 0) await sleep(AGAIN_AT_ONCE_MS, operation.signal);
          const both = first.length === 0 ? [] : lasting(await this.#look(), first);
          step.detail(both.length === 0 ? 'nothing differs' : `${both.length} differences`);
          return both;
        },
      );
      const mended: string[] = [];
      for (const difference of found) {
        operation.signal.throwIfAborted();
        const { subject, message, act } = difference;
        if (act === undefined) continue;
        await operation.step('mend', `${subject}: ${message}`, async (step) => {
          const problem = await this.#mend(difference);
          step.detail(problem ?? difference.repair ?? 'done');
          if (problem === undefined) mended.push(`${subject}: ${message}`);
        });
      }
      return mended;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#work;
  }

  async #look(): Promise<FoundDifference[]> {
    const books = readBooks(this.#context);
    const reality = await lookAtHost(this.#context, this.#network, books);
    // What began or ended during the look is judged by what is known now.
    return compare(readBooks(this.#context), reality);
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#ending;
    for (;;) {
      const waitMs = this.#before.length > 0 ? AGAIN_AFTER_MS : LOOK_INTERVAL_MS;
      if (!(await this.#pause(waitMs))) return;
      await this.#turn
        .run(() => this.#round())
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#context.log.warn({ err: error }, 'books and reality could not be compared');
        });
    }
  }

  async #round(): Promise<void> {
    const found = await this.#look();
    const both = lasting(found, this.#before);
    const mended = new Set<string>();
    for (const difference of both) {
      if (this.#ending.signal.aborted) return;
      await this.#mend(difference);
      mended.add(difference.key);
    }
    // What was mended, or could not be, is no reason to hurry.
    this.#before = found.filter(({ key, act }) => act !== undefined && !mended.has(key));
    this.#forgetFailures(found);
  }

  /** Gives why it could not be mended. */
  async #mend(difference: FoundDifference): Promise<string | undefined> {
    const { key, kind, subject, message, repair = '', act } = difference;
    const { events, log } = this.#context;
    const isNews = (problem: string) => this.#failures.get(key) !== problem;
    if (act === undefined) {
      if (isNews(message)) events.append('host.differs', subject, message);
      this.#failures.set(key, message);
      return message;
    }
    // Something may have begun since it was looked at: whoever does that knows better.
    if ('id' in act && this.#isTakenUp(act)) return 'something else is being done with it';
    try {
      await carryOut(this.#context, this.#network, act);
      this.#failures.delete(key);
      const isOrphan = kind.startsWith('orphan-');
      events.append(isOrphan ? 'host.orphan-removed' : 'host.repaired', subject, `${message}; ${repair}`);
      return undefined;
    } catch (error) {
      const problem = asBerthError(error).message;
      if (isNews(problem)) {
        log.warn({ err: error, subject, kind }, 'a difference could not be mended');
        events.append('host.repair-failed', subject, `${message}: ${problem}`);
      }
      this.#failures.set(key, problem);
      return problem;
    }
  }

  #isTakenUp({ id, ...act }: Extract<Repair, { readonly id: string }>): boolean {
    if (act.do === 'unclaim') return false;
    const { registry, machines } = this.#context;
    const record = registry.find(id);
    const isOrphan = act.do === 'remove-directory' || act.do === 'remove-cgroup';
    if (isOrphan) return record !== undefined || machines.holds.has(id);
    return record === undefined || isBusy(this.#context, record);
  }

  #forgetFailures(found: readonly FoundDifference[]): void {
    const present = new Set(found.map(({ key }) => key));
    for (const key of this.#failures.keys()) if (!present.has(key)) this.#failures.delete(key);
  }

  /** Waits, but less when something goes wrong meanwhile; false when it is time to end. */
  async #pause(waitMs: number): Promise<boolean> {
    const { signal } = this.#ending;
    const over = new AbortController();
    const within = AbortSignal.any([signal, over.signal]);
    const trouble = this.#trouble(within).then(() => sleep(Math.min(AFTER_TROUBLE_MS, waitMs), within));
    await Promise.race([sleep(waitMs, within), trouble]).catch(() => undefined);
    over.abort();
    await trouble.catch(() => undefined);
    return !signal.aborted;
  }

  async #trouble(signal: AbortSignal): Promise<void> {
    const last = this.#context.events.list().at(-1)?.sequence ?? 0;
    for await (const { kind } of this.#context.events.follow(last, signal)) if (TROUBLE.has(kind)) return;
  }
}
