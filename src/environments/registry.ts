import { randomBytes } from 'node:crypto';
import { Mutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { EnvironmentId, OperationId, PublishedPort } from '../model/index.ts';
import type { Store, WriteOptions } from '../store/index.ts';
import { freeAddress } from './plan/addresses.ts';
import { type EnvironmentRecord, environmentCollection } from './record.ts';
import { RecordCopies } from './record-copies.ts';

/** How an update changes a record; properties set to undefined are removed. */
export type Change = { readonly [Key in keyof EnvironmentRecord]?: EnvironmentRecord[Key] | undefined };

/** An environment that is about to be recorded; its ports depend on the address that it gets. */
export interface EnvironmentDraft
  extends Omit<EnvironmentRecord, 'id' | 'address' | 'createdAt' | 'ports' | 'followed'> {
  /** That of a machine which is there already; absent: a new one. */
  readonly id?: EnvironmentId;
  ports(address: string): readonly PublishedPort[];
  /** Ports of containers that are there from the start. */
  followed?(address: string): readonly PublishedPort[];
}

/** Where the addresses of environments come from. */
export interface AddressSource {
  /** They are given out from `127.88.firstBlock.1` on. */
  readonly firstBlock: number;
  /** Addresses at which somebody listens, another installation on this host for one. */
  inUse(): Promise<Iterable<string>>;
}

/** All environments: in the store, and in memory as they were last written. */
export class EnvironmentRegistry {
  readonly #store: Store;
  readonly #records = new Map<EnvironmentId, EnvironmentRecord>();
  /** Both absent after a change: they are asked for far more often. */
  #sorted: readonly EnvironmentRecord[] | undefined;
  #replicas: ReadonlyMap<EnvironmentId | undefined, readonly EnvironmentRecord[]> | undefined;
  readonly #copies = new RecordCopies();
  readonly #writing = new Mutex();
  readonly #addresses: AddressSource;
  /** Called with an environment that an operation has just reserved: what is done in the background makes way. */
  onClaim: (id: EnvironmentId) => Promise<void> = () => Promise.resolve();

  private constructor(store: Store, addresses: AddressSource) {
    this.#store = store;
    this.#addresses = addresses;
  }

  static async open(store: Store, addresses: AddressSource): Promise<EnvironmentRegistry> {
    const registry = new EnvironmentRegistry(store, addresses);
    for (const { value } of await store.list(environmentCollection)) registry.#records.set(value.id, value);
    return registry;
  }

  /** Oldest first. */
  list(): EnvironmentRecord[] {
    this.#sorted ??= [...this.#records.values()].sort(
      (a, b) => compare(a.createdAt, b.createdAt) || compare(a.name, b.name),
    );
    return [...this.#sorted];
  }

  /** The replicas of an environment, oldest first. */
  replicasOf(id: EnvironmentId): EnvironmentRecord[] {
    this.#replicas ??= Map.groupBy(
      this.list().filter(({ replicaOf }) => replicaOf !== undefined),
      ({ replicaOf }) => replicaOf,
    );
    return [...(this.#replicas.get(id) ?? [])];
  }

  /** By name or id. */
  find(ref: string): EnvironmentRecord | undefined {
    return this.#records.get(ref as EnvironmentId) ?? this.list().find(({ name }) => name === ref);
  }

  /** By name or id. @throws `not-found` */
  get(ref: string): EnvironmentRecord {
    const record = this.find(ref);
    if (record === undefined) throw berthError('not-found', `there is no environment "${ref}"`);
    return record;
  }

  /** The address that the next environment would get now. @throws `address-unavailable` */
  async nextAddress(): Promise<string> {
    return this.#takeAddress(await this.#takenAddresses());
  }

  /**
   * Adds environments, all or none, each with an address of its own.
   * @throws `name-taken`, `address-unavailable`
   */
  async create(drafts: readonly EnvironmentDraft[]): Promise<EnvironmentRecord[]> {
    return this.#writing.run(async () => {
      const taken = drafts.find(({ name }) => this.find(name) !== undefined);
      if (taken !== undefined)
        throw berthError('name-taken', `there is an environment "${taken.name}" already`);
      const addresses = await this.#takenAddresses();
      const createdAt = new Date().toISOString();
      const records = drafts.map((draft) => {
        const address = this.#takeAddress(addresses);
        addresses.add(address);
        const id = draft.id ?? newEnvironmentId();
        const ports = draft.ports(address);
        const followed = draft.followed?.(address) ?? [];
        return { ...draft, id, address, ports, followed, createdAt };
      });
      for (const record of records) await this.#write(record);
      return records;
    });
  }

  /** Changes a record and writes it; undefined when it is gone. */
  async update(
    id: EnvironmentId,
    change: Change,
    options: WriteOptions = {},
  ): Promise<EnvironmentRecord | undefined> {
    return this.#writing.run(async () => {
      const before = this.#records.get(id);
      if (before === undefined) return undefined;
      const merged: Record<string, unknown> = { ...before, ...change };
      for (const key of Object.keys(merged)) if (merged[key] === undefined) delete merged[key];
      const after = merged as unknown as EnvironmentRecord;
      await this.#write(after, options);
      return after;
    });
  }

  async delete(id: EnvironmentId): Promise<void> {
    await this.#writing.run(async () => {
      await this.#store.delete(environmentCollection, id);
      this.#records.delete(id);
      this.#forgetOrder();
    });
  }

  /**
   * Reserves an environment for one operation.
   * @throws `conflict` when another operation changes it
   */
  async claim(ref: string, operation: OperationId): Promise<EnvironmentRecord> {
    const claimed = await this.#writing.run(async () => {
      // Looked at while nobody else writes: of many who ask at once one gets it.
      const record = this.get(ref);
      assertUnclaimed(record);
      const mine = { ...record, operation };
      await this.#write(mine);
      return mine;
    });
    await this.onClaim(claimed.id);
    return this.find(claimed.id) ?? claimed;
  }

  /** Resolves when the copies beside the disks are written. */
  flush(): Promise<void> {
    return this.#copies.flush();
  }

  #forgetOrder(): void {
    this.#sorted = undefined;
    this.#replicas = undefined;
  }

  async #takenAddresses(): Promise<Set<string>> {
    return new Set([...this.list().map(({ address }) => address), ...(await this.#addresses.inUse())]);
  }

  #takeAddress(taken: ReadonlySet<string>): string {
    const address = freeAddress(taken, this.#addresses.firstBlock);
    if (address !== undefined) return address;
    throw berthError('address-unavailable', 'all addresses of 127.88.0.0/16 are in use');
  }

  async #write(record: EnvironmentRecord, options: WriteOptions = {}): Promise<void> {
    const { version } = await this.#store.put(environmentCollection, record.id, record, options);
    this.#copies.write(record, version);
    this.#records.set(record.id, record);
    this.#forgetOrder();
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** An id that nothing has had before. */
export function newEnvironmentId(): EnvironmentId {
  return `env-${randomBytes(6).toString('hex')}` as EnvironmentId;
}

/** @throws `conflict` */
export function assertUnclaimed(record: EnvironmentRecord): void {
  if (record.operation === undefined) return;
  throw berthError(
    'conflict',
    `environment "${record.name}" is being changed by operation ${record.operation}`,
    {
      remedy: `Wait for it with \`./berth operation show ${record.operation}\`, or cancel it with \`./berth operation cancel ${record.operation}\`.`,
    },
  );
}
