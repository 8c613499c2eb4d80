import { KeyedMutex } from '../base/index.ts';
import type { PublishedPort } from '../model/index.ts';
import { Fleet, type FleetMember, type MemberLoad } from './fleet.ts';
import { boundPorts } from './bound-ports.ts';
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
  /** Closes all ports of an owner, ends their connections at once, and those that it has of other owners. Done already is fine. */
  withdraw(owner: string): Promise<void>;
  /** Closes one port of an owner, likewise. Nothing happens when the port is not open, or is another owner's. */
  withdrawPort(owner: string, port: PublishedPort): Promise<void>;
  /** Looks which ports are open on the host now: published, and with a socket that the system has not taken away. */
  openNow(): Promise<(owner: string, port: PublishedPort) => boolean>;
  /** Open connections (TCP) and sessions (UDP) of an owner. */
  connections(owner: string): number;
  /** From now on another machine takes new connections of the owner's shared ports, too. Until {@link leave}, or its own {@link withdraw}. */
  join(owner: string, member: FleetMember): void;
  /** Ends the connections that a machine has of an owner. Its own machine may leave, too; its ports stay open for the others, and {@link publish} brings it back. */
  leave(owner: string, id: string): void;
  /** Waits until a machine has no connections of an owner, of which it gets no more, or until `signal` aborts; gives how many are left. */
  drain(owner: string, id: string, signal: AbortSignal): Promise<number>;
  /** The machines of an owner, its own first. */
  loads(owner: string): readonly MemberLoad[];
  /** How long an owner's machines took on average to answer since the last call, in ms; undefined when nobody asked. */
  takeAnswerMs(owner: string): number | undefined;
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
  readonly #fleets = new Map<string, Fleet>();

  constructor(log: IngressLog) {
    this.#log = log;
  }

  publish(owner: string, port: PublishedPort, target: Target): Promise<void> {
    return this.#owners.run(owner, () => this.#publish(owner, port, target));
  }

  async #publish(owner: string, port: PublishedPort, to: Target): Promise<void> {
    const key = describePort(port);
    const fleet = this.#fleetOf(owner);
    fleet.ownIsHere();
    const target = { ...to, fleet };
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
      for (const fleet of this.#fleets.values()) fleet.leave(owner);
      if ((this.#fleets.get(owner)?.size ?? 0) === 0) this.#fleets.delete(owner);
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

  async openNow(): Promise<(owner: string, port: PublishedPort) => boolean> {
    const isBound = await boundPorts();
    return (owner, port) => this.#publications.get(describePort(port))?.owner === owner && isBound(port);
  }

  connections(owner: string): number {
    let sum = 0;
    for (const publication of this.#publications.values()) {
      if (publication.owner === owner) sum += publication.forwarder.connections();
    }
    return sum;
  }

  join(owner: string, member: FleetMember): void {
    this.#fleetOf(owner).join(member);
  }

  leave(owner: string, id: string): void {
    this.#fleets.get(owner)?.leave(id);
  }

  async drain(owner: string, id: string, signal: AbortSignal): Promise<number> {
    return (await this.#fleets.get(owner)?.drain(id, signal)) ?? 0;
  }

  loads(owner: string): readonly MemberLoad[] {
    return this.#fleets.get(owner)?.loads() ?? [];
  }

  takeAnswerMs(owner: string): number | undefined {
    return this.#fleets.get(owner)?.takeAnswerMs();
  }

  #fleetOf(owner: string): Fleet {
    const fleet = this.#fleets.get(owner) ?? new Fleet(owner);
    this.#fleets.set(owner, fleet);
    return fleet;
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
