import { poll, sleep } from '../base/index.ts';
import { BerthError, berthError } from '../errors/index.ts';
import { exists, listDirectory, removeTree } from '../host/index.ts';
import type { HomeNetwork } from './home-network.ts';
import { hostSideBatch, NAMESPACE_SETTINGS, namespaceBatch, namespaceRules } from './namespace-plan.ts';
import { runNetworkCommand } from './network-command.ts';
import type { SlotParts } from './slot-inspection.ts';
import {
  hostLink,
  hostLinkIndex,
  type NetworkSlot,
  namespaceIndex,
  planSlot,
  SLOT_COUNT,
} from './slot-plan.ts';

const NAMESPACES = '/run/netns';
/** How many indexes in a row may be held by others before something else must be wrong. */
const ATTEMPTS = 64;
const DESTROY_TIMEOUT_MS = 20_000;
/** `ip -force -batch` ends with 1 or 2 when one of its lines failed. */
const SOME_LINES_FAILED = [1, 2];

/** Makes and destroys the slots of one home. */
export class SlotFactory {
  readonly #home: HomeNetwork;
  /** Indexes of slots that are being made or destroyed. */
  readonly #busy = new Set<number>();
  #next: number;

  /**
   * `firstIndex` is where the search for a free index begins. Each slot takes a higher one than the last, so that
   * an address comes back only after all others: what the host's connection table remembers of it is harmless.
   */
  constructor(home: HomeNetwork, firstIndex: number) {
    this.#home = home;
    this.#next = firstIndex % SLOT_COUNT;
  }

  /** A new slot, about 20 ms. Undoes what it did when it fails or is cancelled. */
  async create(signal?: AbortSignal): Promise<NetworkSlot> {
    const slot = await this.#claim(signal);
    try {
      await this.#furnish(slot, signal);
      return slot;
    } catch (error) {
      await this.destroy(slot);
      throw error;
    } finally {
      this.#busy.delete(slot.index);
    }
  }

  /** Whether a slot is being made or destroyed now. */
  isBusy({ index }: Pick<NetworkSlot, 'index'>): boolean {
    return this.#busy.has(index);
  }

  /** Takes the first index that no namespace and no interface of any home has. */
  async #claim(signal?: AbortSignal): Promise<NetworkSlot> {
    let cause: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      signal?.throwIfAborted();
      const slot = planSlot(this.#home, this.#next);
      this.#next = (this.#next + 1) % SLOT_COUNT;
      if (await exists(`${NAMESPACES}/${slot.namespace}`)) continue;
      this.#busy.add(slot.index);
      try {
        await ipBatch('make a network namespace', hostSideBatch(this.#home, slot));
        return slot;
      } catch (error) {
        this.#busy.delete(slot.index);
        cause = error;
        // Its end of the pair goes with the namespace; an interface that stays is another's.
        await runNetworkCommand('remove a network namespace', ['ip', 'netns', 'del', slot.namespace], {
          okExitCodes: SOME_LINES_FAILED,
        });
        if (!(await hasLink(hostLink(slot.index)))) throw error;
      }
    }
    throw berthError('address-unavailable', `No free network slot was found in ${ATTEMPTS} attempts`, {
      cause,
    });
  }

  /** The three parts do not depend on each other: the sum of their times is twice the longest. */
  async #furnish(slot: NetworkSlot, signal?: AbortSignal): Promise<void> {
    const { namespace } = slot;
    const inside = (purpose: string, argv: readonly string[], input?: string) =>
      runNetworkCommand(purpose, ['nsenter', `--net=${NAMESPACES}/${namespace}`, ...argv], {
        ...(input === undefined ? {} : { input }),
        ...(signal === undefined ? {} : { signal }),
      });
    const parts = await Promise.allSettled([
      ipBatch(`set up the namespace ${namespace}`, namespaceBatch(slot), ['-n', namespace], signal),
      // `-e`: a host without IPv6 does not have those keys.
      inside('switch on forwarding in a namespace', ['sysctl', '-e', '-q', '-w', ...NAMESPACE_SETTINGS]),
      inside('load the rules of a namespace', ['nft', '-f', '-'], namespaceRules(this.#home, slot)),
    ]);
    for (const part of parts) if (part.status === 'rejected') throw part.reason;
  }

  /**
   * Removes a slot; done already is fine. The host-side interface goes first, so that the address is unreachable at once,
   * even while a process that was just killed still holds the namespace open. Throws `timeout` when it is still there
   * after 20 s.
   */
  async destroy(slot: Pick<NetworkSlot, 'namespace' | 'index'>): Promise<void> {
    const { namespace, index } = slot;
    const batch = `link del ${hostLink(index)}\nnetns del ${namespace}\n`;
    await poll(
      async () => {
        await runNetworkCommand(`remove the namespace ${namespace}`, ['ip', '-force', '-batch', '-'], {
          input: batch,
          okExitCodes: SOME_LINES_FAILED,
        });
        return (await this.#isGone(namespace, index)) ? true : undefined;
      },
      { timeoutMs: DESTROY_TIMEOUT_MS, intervalMs: 50, what: `the end of the namespace ${namespace}` },
    );
  }

  /** Every slot of this home that is on the host, whole or in part, by index. */
  async list(): Promise<NetworkSlot[]> {
    const parts = await this.parts();
    return [...parts.keys()].sort((a, b) => a - b).map((index) => planSlot(this.#home, index));
  }

  /** What there is of each slot of this home, by index. */
  async parts(): Promise<ReadonlyMap<number, SlotParts>> {
    const [namespaces, links] = await Promise.all([listDirectory(NAMESPACES), this.#links()]);
    const withNamespace = new Set(namespaces.map((name) => namespaceIndex(this.#home, name)));
    const withLink = new Set(links.map((name) => hostLinkIndex(name)));
    const indexes = new Set([...withNamespace, ...withLink]);
    return new Map(
      [...indexes].flatMap((index) =>
        index === undefined
          ? []
          : [[index, { namespace: withNamespace.has(index), link: withLink.has(index) }] as const],
      ),
    );
  }

  /** Gives the namespace of a process the name again that it has lost; everything in it is as it was. */
  async nameAgain({ namespace }: NetworkSlot, pid: number): Promise<void> {
    const path = `${NAMESPACES}/${namespace}`;
    // A file to which nothing is mounted any more is in the way.
    await removeTree(path);
    await runNetworkCommand('name a network namespace again', [
      'ip',
      'netns',
      'attach',
      namespace,
      String(pid),
    ]);
  }

  /** Removes every slot of this home, faster than one by one. */
  async destroyAll(): Promise<void> {
    const slots = await this.list();
    if (slots.length === 0) return;
    // One call for all interfaces costs the kernel one grace period instead of one for each.
    const batch = [
      `link del group ${this.#home.group}`,
      ...slots.map((slot) => `netns del ${slot.namespace}`),
      '',
    ].join('\n');
    await runNetworkCommand('remove the network namespaces', ['ip', '-force', '-batch', '-'], {
      input: batch,
      okExitCodes: SOME_LINES_FAILED,
    });
    for (const slot of await this.list()) await this.destroy(slot);
  }

  /** A link of that name may by now be another home's: only one of this home's group counts. */
  async #isGone(namespace: string, index: number): Promise<boolean> {
    if (await exists(`${NAMESPACES}/${namespace}`)) return false;
    return !(await this.#links()).includes(hostLink(index));
  }

  async #links(): Promise<string[]> {
    const argv = ['ip', '-j', 'link', 'show', 'group', String(this.#home.group)];
    try {
      const { stdout } = await runNetworkCommand('list the network interfaces', argv);
      return linkNames(stdout);
    } catch (error) {
      // Without the tool there was never one to make: a bare host can be purged.
      if (error instanceof BerthError && error.code === 'tool-missing') return [];
      throw error;
    }
  }
}

/** Interface names in the output of `ip -j link show`. */
export function linkNames(json: string): string[] {
  const links: unknown = json.trim() === '' ? [] : JSON.parse(json);
  if (!Array.isArray(links)) return [];
  return links.flatMap((link: { ifname?: unknown }) =>
    typeof link.ifname === 'string' ? [link.ifname] : [],
  );
}

async function ipBatch(
  purpose: string,
  input: string,
  flags: readonly string[] = [],
  signal?: AbortSignal,
): Promise<void> {
  await runNetworkCommand(purpose, ['ip', ...flags, '-batch', '-'], {
    input,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The namespace that held the other end may still be on its way out. */
async function hasLink(link: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { exitCode } = await runNetworkCommand(
      'look for an interface',
      ['ip', 'link', 'show', 'dev', link],
      {
        okExitCodes: [1],
      },
    );
    if (exitCode !== 0) return false;
    await sleep(20 * attempt);
  }
  return true;
}
