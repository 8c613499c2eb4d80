import { KeyedMutex } from '../base/index.ts';
import type { PublishedPort } from '../model/index.ts';
import type { Forwarder, IngressLog, Target } from './forwarder.ts';
import {
  describePort,
  explainPort,
  type TakenPort,
  takenBy,
  takenPortsError,
  tryPort,
} from './taken-ports.ts';
import { TcpForwarder } from './tcp-forwarder.ts';
import { UdpForwarder } from './udp-forwarder.ts';

/** The published ports of all environments of a daemon. */
export interface Ingress {
  /**
   * Opens a port for `owner`, an environment, and carries its connections to `target`. Publishing the same port for the same
   * owner again only changes the target of new connections. Fails with `port-in-use`, naming the holder, or
   * `address-unavailable`.
   */
  publish(owner: string, port: PublishedPort, target: Target): Promise<void>;
  /**
   * Tries all ports before anything is started; opens none. Ports that `owner` has open count as free. Fails with
   * `port-in-use` or `address-unavailable`, with a problem for each port that cannot be had.
   */
  check(ports: readonly PublishedPort[], owner?: string): Promise<void>;
  /** Closes all ports of an owner and ends their connections at once. Done already is fine. */
  withdraw(owner: string): Promise<void>;
  /** Closes one port of an owner, likewise. Nothing happens when the port is not open, or is another owner's. */
  withdrawPort(owner: string, port: PublishedPort): Promise<void>;
  /** Open connections (TCP) and sessions (UDP) of an owner. */
  connections(owner: string): number;
  /** Closes everything. */
  close(): Promise<void>;
}

/** What an {@link Ingress} is made of. */
export interface IngressOptions {
  readonly log?: IngressLog;
}

interface Publication {
  readonly owner: string;
  readonly forwarder: Forwarder;
}

/** Makes an ingress without any open port. */
export function createIngress(options: IngressOptions = {}): Ingress {
  return new PortIngress(options.log ?? { warn: () => undefined });
}

class PortIngress implements Ingress {
  readonly #log: IngressLog;
  /** By `address:port/protocol`. */
  readonly #publications = new Map<string, Publication>();
  readonly #owners = new KeyedMutex();

  constructor(log: IngressLog) {
    this.#log = log;
  }

  publish(owner: string, port: PublishedPort, target: Target): Promise<void> {
    return this.#owners.run(owner, () => this.#publish(owner, port, target));
  }

  async #publish(owner: string, port: PublishedPort, target: Target): Promise<void> {
    const key = describePort(port);
    const present = this.#publications.get(key);
    if (present !== undefined) {
      if (present.owner !== owner) throw takenPortsError([takenBy(port, `environment ${present.owner}`)]);
      present.forwarder.retarget(target);
      return;
    }
    const forwarder = this.#forwarder(port, target);
    // Entered before it listens, so that two owners cannot both be on their way to the same port.
    this.#publications.set(key, { owner, forwarder });
    try {
      await forwarder.open();
    } catch (error) {
      this.#publications.delete(key);
      throw takenPortsError([await explainPort(port, error)]);
    }
  }

  async check(ports: readonly PublishedPort[], owner?: string): Promise<void> {
    const taken: TakenPort[] = [];
    const seen = new Map<string, PublishedPort>();
    for (const port of ports) {
      const problem = await this.#problemOf(port, seen, owner);
      if (problem !== undefined) taken.push(problem);
      seen.set(describePort(port), port);
    }
    if (taken.length > 0) throw takenPortsError(taken);
  }

  async #problemOf(
    port: PublishedPort,
    seen: ReadonlyMap<string, PublishedPort>,
    owner: string | undefined,
  ): Promise<TakenPort | undefined> {
    const key = describePort(port);
    const twin = seen.get(key);
    if (twin !== undefined) return takenBy(port, `service "${twin.service}" of the same environment`);
    const present = this.#publications.get(key);
    if (present === undefined) return tryPort(port);
    return present.owner === owner ? undefined : takenBy(port, `environment ${present.owner}`);
  }

  withdraw(owner: string): Promise<void> {
    return this.#owners.run(owner, async () => {
      const mine = [...this.#publications].filter(([, publication]) => publication.owner === owner);
      await Promise.all(mine.map(([, { forwarder }]) => forwarder.close()));
      for (const [key] of mine) this.#publications.delete(key);
    });
  }

  withdrawPort(owner: string, port: PublishedPort): Promise<void> {
    return this.#owners.run(owner, async () => {
      const key = describePort(port);
      const present = this.#publications.get(key);
      if (present?.owner !== owner) return;
      await present.forwarder.close();
      this.#publications.delete(key);
    });
  }

  connections(owner: string): number {
    let sum = 0;
    for (const publication of this.#publications.values()) {
      if (publication.owner === owner) sum += publication.forwarder.connections();
    }
    return sum;
  }

  async close(): Promise<void> {
    const owners = new Set([...this.#publications.values()].map(({ owner }) => owner));
    await Promise.all([...owners].map((owner) => this.withdraw(owner)));
  }

  #forwarder(port: PublishedPort, target: Target): Forwarder {
    const endpoint = { address: port.hostAddress, port: port.hostPort };
    return port.protocol === 'udp'
      ? new UdpForwarder(endpoint, target, this.#log)
      : new TcpForwarder(endpoint, target, this.#log);
  }
}
