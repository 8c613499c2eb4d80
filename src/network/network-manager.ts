import { randomInt } from 'node:crypto';
import { Mutex, sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { HostPort } from '../model/index.ts';
import { type HomeNetwork, homeNetwork } from './home-network.ts';
import { HostNetwork } from './host-network.ts';
import { SlotFactory } from './slot-factory.ts';
import { compareSlots, type SlotFindings } from './slot-inspection.ts';
import { type NetworkSlot, planSlot, SLOT_COUNT } from './slot-plan.ts';
import { SlotPool } from './slot-pool.ts';

/** Where the network reports what it had to repair; pino's logger fits. */
export interface NetworkLog {
  info(message: string): void;
  warn(message: string): void;
}

/** What a {@link NetworkManager} is made of. */
export interface NetworkOptions {
  /** 6 lower-case hex digits that tell this BERTH_HOME from others on the host. */
  readonly homeId: string;
  /** Directory for the DNS server's pid file and the like; made when it is missing. */
  readonly runDirectory: string;
  /** How many slots are kept ready; 0 makes each when it is asked for, in about 20 ms. */
  readonly poolSize: number;
  readonly log: NetworkLog;
  /** Told of what had to be put right. */
  readonly onRepair?: (what: string) => void;
}

/** Which slots are somebody's, as a caller knows it. */
export interface SlotUse {
  /** Slots of machines that run, or wait to be woken. */
  readonly slots: readonly NetworkSlot[];
  /** Whether whoever acquired a slot is still there. */
  readonly isOwner: (owner: string) => boolean;
}

/** What there is of slots. */
export interface NetworkStatus {
  /** Slots that {@link NetworkManager.acquire} would hand out at once. */
  readonly ready: number;
  readonly inUse: number;
}

/** The network of all machines of one home. Needs root; its errors name the tool that failed and what it was for. */
export interface NetworkManager {
  /**
   * Sets up what is there once for the home (rules, DNS server), and watches over it from then on. May be called again.
   * Fails with `tool-missing` or `command-failed`.
   */
  start(): Promise<void>;
  /**
   * A slot for `owner`, at once when one is ready, else after about 20 ms. Starts the manager where that has not been done
   * or has failed: no machine gets a slot without the rules. Aborting leaves nothing behind. Fails with `cancelled` after
   * `close` or `purge`.
   */
  acquire(owner: string, signal?: AbortSignal): Promise<NetworkSlot>;
  /**
   * Sets which ports of the host the machine in a slot may reach at its gateway: these and no others. They lead to the host's loopback
   * address. May be called again with others; {@link release} takes them back.
   */
  allowHost(slot: NetworkSlot, ports: readonly HostPort[]): Promise<void>;
  /**
   * Destroys a slot; slots are never used twice. Ends when the namespace is gone from the host; fails with `timeout`
   * after 20 s. May be called again, and for a slot that is gone already.
   */
  release(slot: NetworkSlot): Promise<void>;
  /**
   * Call once after `start`, with the slots of the machines that run: they count as in use, every other slot of this
   * home is removed, and the pool begins to fill.
   */
  adopt(slots: readonly NetworkSlot[]): Promise<void>;
  /** Whether a slot is there and in use; false after a boot of the host, which takes all of them. */
  holds(slot: NetworkSlot): boolean;
  status(): NetworkStatus;
  /** Compares the slots that are in use with those on the host; changes nothing. */
  inspect(use: SlotUse): Promise<SlotFindings>;
  /** Gives the namespace in which a process runs its name again. */
  nameAgain(slot: NetworkSlot, pid: number): Promise<void>;
  /** Ends the supervision and removes what nobody uses; slots in use, rules and DNS server stay for the next daemon. */
  close(): Promise<void>;
  /** Removes everything of this home, slots in use included: end the machines first. The manager is closed then. */
  purge(): Promise<void>;
}

const SUPERVISION_INTERVAL_MS = 2_000;
/** Reading the firewall costs two processes, so only each 15th round does. */
const ROUNDS_PER_FULL_CHECK = 15;
const REFILL_DELAY_MS = 300;

/** Makes the manager; nothing happens on the host before `start`. Throws `internal` on a malformed `homeId`. */
export function createNetworkManager(options: NetworkOptions): NetworkManager {
  return new NamespaceNetwork(options);
}

class NamespaceNetwork implements NetworkManager {
  readonly #log: NetworkLog;
  readonly #onRepair: (what: string) => void;
  readonly #home: HomeNetwork;
  readonly #host: HostNetwork;
  readonly #factory: SlotFactory;
  readonly #pool: SlotPool<NetworkSlot>;
  readonly #inUse = new Map<string, string>();
  /** Namespaces of machines to which ports of the host are open. */
  readonly #withAccess = new Set<string>();
  readonly #setup = new Mutex();
  #closed = false;
  #supervision: { ending: AbortController; ended: Promise<void> } | undefined;

  constructor(options: NetworkOptions) {
    const home: HomeNetwork = homeNetwork(options.homeId);
    this.#home = home;
    this.#log = options.log;
    this.#onRepair = options.onRepair ?? ((what) => options.log.info(what));
    this.#host = new HostNetwork(home, options.runDirectory);
    const factory = new SlotFactory(home, randomInt(SLOT_COUNT));
    this.#factory = factory;
    this.#pool = new SlotPool<NetworkSlot>({
      size: options.poolSize,
      refillDelayMs: REFILL_DELAY_MS,
      create: (signal) => factory.create(signal),
      destroy: (slot) => factory.destroy(slot),
      onFillError: (error) => this.#log.warn(`No network slot could be made ahead: ${messageOf(error)}`),
    });
  }

  start(): Promise<void> {
    return this.#setup.run(async () => {
      await this.#host.ensure();
      if (this.#supervision !== undefined) return;
      const ending = new AbortController();
      this.#supervision = { ending, ended: this.#supervise(ending.signal) };
    });
  }

  async acquire(owner: string, signal?: AbortSignal): Promise<NetworkSlot> {
    if (this.#closed) throw berthError('cancelled', 'The network of the machines is being closed');
    if (this.#supervision === undefined) await this.start();
    const slot = await this.#pool.take(signal);
    this.#inUse.set(slot.namespace, owner);
    return slot;
  }

  async allowHost(slot: NetworkSlot, ports: readonly HostPort[]): Promise<void> {
    // Most machines reach nothing of the host, and must not wait for anything because of it.
    if (ports.length === 0 && !this.#withAccess.has(slot.namespace)) return;
    this.#withAccess.add(slot.namespace);
    await this.#setup.run(() => this.#host.allow(slot, ports));
    if (ports.length === 0) this.#withAccess.delete(slot.namespace);
  }

  async release(slot: NetworkSlot): Promise<void> {
    await this.#factory.destroy(slot);
    // After it, so that a new connection cannot come in between.
    await this.allowHost(slot, []);
    this.#inUse.delete(slot.namespace);
  }

  async adopt(slots: readonly NetworkSlot[]): Promise<void> {
    const present = await this.#factory.list();
    const wanted = new Set(slots.map((slot) => slot.namespace));
    for (const slot of present) {
      if (this.#inUse.has(slot.namespace)) continue;
      if (wanted.has(slot.namespace)) this.#inUse.set(slot.namespace, 'adopted');
      else await this.#factory.destroy(slot);
    }
    for (const namespace of wanted) {
      if (!this.#inUse.has(namespace)) this.#log.warn(`The network namespace ${namespace} is gone`);
    }
    this.#pool.open();
  }

  holds(slot: NetworkSlot): boolean {
    return this.#inUse.has(slot.namespace);
  }

  status(): NetworkStatus {
    return { ready: this.#pool.ready, inUse: this.#inUse.size };
  }

  async inspect({ slots, isOwner }: SlotUse): Promise<SlotFindings> {
    const isSpared = (slot: NetworkSlot) => {
      const { namespace } = slot;
      const owner = this.#inUse.get(namespace);
      if (owner !== undefined) return isOwner(owner);
      return this.#factory.isBusy(slot) || this.#pool.holds((ready) => ready.namespace === namespace);
    };
    const planned = (index: number) => planSlot(this.#home, index);
    return compareSlots(slots, await this.#factory.parts(), { planSlot: planned, isSpared });
  }

  async nameAgain(slot: NetworkSlot, pid: number): Promise<void> {
    await this.#factory.nameAgain(slot, pid);
  }

  async close(): Promise<void> {
    await this.#stopSupervision();
    await this.#pool.drain();
  }

  async purge(): Promise<void> {
    await this.#stopSupervision();
    await this.#pool.drain();
    await this.#setup.run(async () => {
      await this.#factory.destroyAll();
      this.#inUse.clear();
      await this.#host.remove();
    });
  }

  async #stopSupervision(): Promise<void> {
    this.#closed = true;
    const supervision = this.#supervision;
    this.#supervision = undefined;
    supervision?.ending.abort();
    await supervision?.ended;
  }

  /** Restarts a DNS server that died, follows `/etc/hosts`, and puts back rules that a firewall's reload has flushed. */
  async #supervise(signal: AbortSignal): Promise<void> {
    for (let round = 1; await pause(signal); round += 1) {
      try {
        const isFull = round % ROUNDS_PER_FULL_CHECK === 0;
        const repaired = await this.#setup.run(() =>
          isFull ? this.#host.ensure() : this.#host.ensureNames(),
        );
        for (const what of repaired) this.#onRepair(what);
        this.#pool.refill();
      } catch (error) {
        this.#log.warn(messageOf(error));
      }
    }
  }
}

/** False when it is time to end. */
function pause(signal: AbortSignal): Promise<boolean> {
  return sleep(SUPERVISION_INTERVAL_MS, signal).then(
    () => true,
    () => false,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
