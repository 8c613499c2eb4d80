import { formatBytes } from '../base/index.ts';
import { type BerthError, berthError, type ErrorCode } from '../errors/index.ts';
import type { CapacityDimensionName, CapacityReport, Operation } from '../model/index.ts';
import {
  type Admitted,
  type CapacityQuestion,
  capacityReport,
  expectedUse,
  type Facts,
  type HostFacts,
  judgeAdmission,
  type MachineKind,
  type Refusal,
  withoutPools,
} from '../placement/index.ts';
import type { Context } from './context.ts';
import { type FactSources, factsNow } from './facts-now.ts';
import { IdleMeter } from './idle-meter.ts';
import type { UseBook } from './use-book.ts';

/** How often what machines take is written down for those that come after them. */
const LEARN_INTERVAL_MS = 20_000;

/** What somebody wants to start. */
export interface Wanted {
  readonly kind: MachineKind;
  /** Names of the environments, one for each machine. */
  readonly names: readonly string[];
  /** How many of them are there already, as warm forks. */
  readonly ready?: number;
  /** Memory in use now that will be given back before. */
  readonly freedBytes?: number;
  /** Disk that is written once for all of them. */
  readonly onceDiskBytes?: number;
}

/** Room that is held for machines until they run, or do not come to be. */
export interface Ticket extends Disposable {
  /** Gives back what is held; done already is fine. */
  release(): void;
}

interface Held {
  readonly names: readonly string[];
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

type Sources = Omit<FactSources, 'measured' | 'remembered' | 'pools'> & {
  readonly book: Pick<UseBook, 'entries' | 'learn'>;
  readonly onError: (error: unknown) => void;
  readonly pools: FactSources['pools'] & { giveUp(why: string): Promise<void> };
};

/**
 * Decides whether a machine may start: by the figures that `berth capacity` shows, before anything of it is there. What was admitted and does not run yet
 * counts as taken, so that two who ask at the same moment do not get the same room. Kept in memory: a daemon that starts finds machines that run, or
 * none.
 */
export class Admission implements Disposable {
  readonly #sources: Sources;
  readonly #timer: NodeJS.Timeout;
  readonly #meter = new IdleMeter();
  readonly #held = new Set<Held>();

  constructor(sources: Sources) {
    this.#sources = sources;
    const { book, onError } = sources;
    this.#timer = setInterval(
      () => void book.learn(this.facts().residents).catch(onError),
      LEARN_INTERVAL_MS,
    );
    this.#timer.unref();
  }

  /** Ends the measuring. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /**
   * Holds room for machines. Warm forks are given up for them where that is enough.
   * @throws `capacity-exceeded`, `disk-full`, `address-unavailable` with what is needed and what is left
   */
  async admit(wanted: Wanted): Promise<Ticket> {
    const { kind, names, ready = 0, freedBytes = 0, onceDiskBytes = 0 } = wanted;
    const facts = this.facts();
    const missing = names.slice(Math.min(ready, names.length));
    const request = { kind, freedBytes, onceDiskBytes };
    if (judgeAdmission({ ...request, count: missing.length }, facts) === undefined)
      return this.#hold(missing, kind, facts);
    const bare = withoutPools(facts);
    const refusal = judgeAdmission({ ...request, count: names.length }, bare);
    if (refusal !== undefined) throw refused(wanted, refusal);
    const ticket = this.#hold(names, kind, facts);
    await this.#sources.pools.giveUp('their room is needed');
    return ticket;
  }

  /** Holds room for one more warm fork; for it no other is given up. @throws as {@link admit} */
  admitSpare(kind: MachineKind): Ticket {
    const facts = this.facts();
    const refusal = judgeAdmission({ kind, count: 1 }, facts);
    const names = ['one more warm fork'];
    if (refusal !== undefined) throw refused({ kind, names }, refusal);
    return this.#hold(names, kind, facts);
  }

  /** What `berth capacity` tells. @param added hosts of a what-if */
  async report(
    question: CapacityQuestion,
    added: readonly HostFacts[],
    signal: AbortSignal,
  ): Promise<CapacityReport> {
    await this.#meter.measure(this.#sources.registry.list(), signal);
    const facts = this.facts();
    return capacityReport(question, { ...facts, hosts: [...facts.hosts, ...added] });
  }

  /** All that is known of this moment. */
  facts(): Facts {
    const remembered = this.#sources.book.entries;
    return factsNow({ ...this.#sources, remembered, measured: this.#meter }, (running, known) =>
      sumOf([...this.#held], running, known),
    );
  }

  #hold(names: readonly string[], kind: MachineKind, facts: Facts): Ticket {
    const { memoryBytes, diskBytes } = expectedUse(kind, facts);
    const held = { names, vcpus: kind.shape.vcpus, memoryBytes, diskBytes };
    this.#held.add(held);
    const release = () => void this.#held.delete(held);
    return { release, [Symbol.dispose]: release };
  }
}

/** What is held for machines that do not run yet: one that runs is measured itself. */
function sumOf(all: readonly Held[], running: ReadonlySet<string>, known: ReadonlySet<string>): Admitted {
  const sum = { count: 0, vcpus: 0, memoryBytes: 0, diskBytes: 0, addresses: 0 };
  for (const { names, vcpus, memoryBytes, diskBytes } of all) {
    for (const name of names) {
      if (running.has(name)) continue;
      sum.count += 1;
      sum.vcpus += vcpus;
      sum.memoryBytes += memoryBytes;
      sum.diskBytes += diskBytes;
      if (!known.has(name)) sum.addresses += 1;
    }
  }
  return sum;
}

const CODES: Readonly<Partial<Record<CapacityDimensionName, ErrorCode>>> = {
  disk: 'disk-full',
  addresses: 'address-unavailable',
};
const WORDS: Readonly<Record<CapacityDimensionName, string>> = {
  memory: 'of memory',
  vcpus: 'virtual CPUs',
  disk: 'of disk',
  'idle-cpu': 'percent of a core',
  'file-descriptors': 'file descriptors',
  addresses: 'addresses',
  'network-slots': 'network slots',
};

function refused({ names }: Wanted, { dimension, unit, needed, room, fitting }: Refusal): BerthError {
  const figure = (value: number) => (unit === 'bytes' ? formatBytes(value) : String(Math.floor(value)));
  const what = names.length === 1 ? `"${names[0] ?? ''}"` : `${names.length} machines`;
  const need = `${figure(needed)} ${WORDS[dimension]}`;
  const rest = names.length === 1 ? '' : `; ${Math.min(fitting, names.length)} would fit`;
  return berthError(
    CODES[dimension] ?? 'capacity-exceeded',
    `no room for ${what}: ${need} needed, ${figure(room)} left for new machines${rest}`,
    {
      problems: [{ path: dimension, message: `${figure(needed)} needed, ${figure(room)} left` }],
    },
  );
}

/** Starts an operation with room held for its machines until it has ended. @throws what {@link Admission.admit} throws, before anything starts */
export async function startAdmitted(
  { admission, operations }: Pick<Context, 'admission' | 'operations'>,
  wanted: Wanted,
  start: () => Promise<Operation>,
): Promise<Operation> {
  const ticket = await admission.admit(wanted);
  try {
    const operation = await start();
    const release = () => ticket.release();
    operations.wait(operation.id).then(release, release);
    return operation;
  } catch (error) {
    ticket.release();
    throw error;
  }
}
