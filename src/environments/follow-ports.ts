import { sleep } from '../base/index.ts';
import { asBerthError } from '../errors/index.ts';
import type { PublishedPort } from '../model/index.ts';
import type { Context } from './context.ts';
import { Pace } from './pace.ts';
import { followedPorts, mayOpen } from './plan/followed-ports.ts';
import { projectOf } from './project-of.ts';
import { keyOf, publishFollowed, tryPublish } from './ports.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Session } from './sessions.ts';

const MARK_TIMEOUT_MS = 30_000;
/** The engine answers late while it starts or ends a container with many ports. */
const LIST_TIMEOUT_MS = 60_000;
/** How often it is looked whether an operation that changes the containers itself has ended. */
const BUSY_INTERVAL_MS = 200;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;
const BUSY_STATES: ReadonlySet<string> = new Set(['creating', 'starting', 'stopping', 'removing']);

/**
 * Opens on the host what containers of an environment publish, and closes it when they go. The guest says when containers come or go;
 * only then they are listed. While nothing changes this costs nothing.
 */
export class PortFollower {
  readonly #context: Context;
  readonly #id: EnvironmentRecord['id'];
  readonly #session: Session;
  readonly #onChange: (signal: AbortSignal) => Promise<void>;
  readonly #ending = new AbortController();
  readonly #pace = new Pace();
  /** The mark that was seen last; what is open belongs to the mark in the record. */
  #wanted: string | undefined;
  #working: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retry: NodeJS.Timeout | undefined;

  /** `onChange` is called after containers came, went or changed their health, when their ports are open. */
  constructor(
    context: Context,
    id: EnvironmentRecord['id'],
    session: Session,
    onChange: (signal: AbortSignal) => Promise<void>,
  ) {
    this.#context = context;
    this.#id = id;
    this.#session = session;
    this.#onChange = onChange;
  }

  /**
   * Begins to follow; returns at once. `isNew`: the machine has no containers yet, so what its mark is now needs no look at them.
   */
  start(o: { readonly isNew: boolean }): void {
    const { link } = this.#session.machine;
    link.onContainers((mark) => this.#noticed(mark));
    void this.#firstMark(o.isNew);
    const record = this.#context.registry.find(this.#id);
    if (record !== undefined) this.#retryLater(record);
  }

  /** Resolves when the ports are those of the containers as they are now, or cannot be. */
  async settled(): Promise<void> {
    const { link } = this.#session.machine;
    this.#noticed(await link.containersMark({ timeoutMs: MARK_TIMEOUT_MS, signal: this.#ending.signal }));
    await this.#working;
  }

  /** Stops following. May be called twice. */
  close(): void {
    this.#ending.abort();
    clearTimeout(this.#retry);
  }

  async #firstMark(isNew: boolean): Promise<void> {
    const { signal } = this.#ending;
    try {
      const mark = await this.#session.machine.link.containersMark({ timeoutMs: MARK_TIMEOUT_MS, signal });
      if (isNew) await this.#context.registry.update(this.#id, { followedMark: mark }, RELAXED);
      this.#noticed(mark);
    } catch (error) {
      this.#complain(
        error,
        'the guest does not say when its containers change; their ports are not followed',
      );
    }
  }

  #noticed(mark: string): void {
    if (mark === '' || this.#ending.signal.aborted) return;
    this.#wanted = laterOf(this.#wanted, mark);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending;
    for (let failures = 0; !signal.aborted; ) {
      const record = await this.#settledRecord();
      const mark = this.#wanted;
      if (record === undefined || mark === undefined || mark === record.followedMark) return;
      try {
        await sleep(this.#pace.take(performance.now()), signal);
        await this.#follow(mark);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) this.#complain(error, 'the ports of the containers could not be followed');
        await sleep(Math.min(FIRST_RETRY_MS * failures, LAST_RETRY_MS), signal).catch(() => undefined);
      }
    }
  }

  /** The record once no operation is at work on its containers; undefined when it is gone. */
  async #settledRecord(): Promise<EnvironmentRecord | undefined> {
    const { signal } = this.#ending;
    for (;;) {
      const record = this.#context.registry.find(this.#id);
      if (record === undefined || signal.aborted) return undefined;
      if (!isBusy(record)) return record;
      await sleep(BUSY_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  async #follow(mark: string): Promise<void> {
    const { registry, sessions, ingress, events } = this.#context;
    const { signal } = this.#ending;
    const asked = registry.get(this.#id);
    const publishers = await sessions.engine(asked).publishers({ timeoutMs: LIST_TIMEOUT_MS, signal });
    signal.throwIfAborted();
    const record = registry.get(this.#id);
    const { ports: wanted, problems } = followedPorts(publishers, plannedPorts(record), record.address);
    const kept = new Set([...record.ports, ...wanted].map(keyOf));
    const gone = (record.followed ?? []).filter((port) => !kept.has(keyOf(port)));
    await Promise.all(gone.map((port) => ingress.withdrawPort(this.#id, port)));
    signal.throwIfAborted();
    const followed = await publishFollowed(this.#context, record, wanted);
    for (const problem of problems) events.append('port.refused', record.name, problem);
    await this.#note(record, { followed, followedMark: mark });
    await this.#onChange(signal).catch((error: unknown) =>
      this.#complain(error, 'what became of the containers could not be noted'),
    );
  }

  /** Writes down what is open, tells of what cannot be opened, and sees that it is tried again. */
  async #note(
    before: EnvironmentRecord,
    change: { readonly followed: readonly PublishedPort[]; readonly followedMark: string },
  ): Promise<void> {
    const { registry, events } = this.#context;
    if (this.#ending.signal.aborted) return;
    const known = new Map((before.followed ?? []).map((port) => [keyOf(port), port.problem]));
    for (const port of change.followed) {
      const { problem } = port;
      if (problem !== undefined && problem !== known.get(keyOf(port)))
        events.append('port.unavailable', before.name, `container "${port.container ?? ''}": ${problem}`);
    }
    const after = await registry.update(this.#id, change, RELAXED);
    this.#retryMs = FIRST_RETRY_MS;
    if (after !== undefined) this.#retryLater(after);
  }

  #retryLater(record: EnvironmentRecord): void {
    clearTimeout(this.#retry);
    const all = [...record.ports, ...(record.followed ?? [])];
    if (this.#ending.signal.aborted || !all.some((port) => hasProblem(record, port))) return;
    this.#retry = setTimeout(() => void this.#tryAgain(), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  /** Ports that somebody else on the host had may be free by now. */
  async #tryAgain(): Promise<void> {
    const record = this.#context.registry.find(this.#id);
    if (record === undefined || this.#working !== undefined || isBusy(record)) {
      if (record !== undefined) this.#retryLater(record);
      return;
    }
    this.#working = this.#reopen(record)
      .catch((error: unknown) => this.#complain(error, 'ports could not be tried again'))
      .finally(() => {
        this.#working = undefined;
        if (this.#wanted !== undefined) this.#noticed(this.#wanted);
      });
    await this.#working;
  }

  async #reopen({ name }: EnvironmentRecord): Promise<void> {
    const { registry, events } = this.#context;
    const record = registry.get(this.#id);
    const closed = [...record.ports, ...(record.followed ?? [])].filter((port) => hasProblem(record, port));
    const tried = new Map(
      (await tryPublish(this.#context, record, closed)).map((port) => [keyOf(port), port]),
    );
    if (this.#ending.signal.aborted) return;
    for (const port of tried.values()) {
      if (port.problem === undefined) events.append('port.open', name, `${keyOf(port)} is open now`);
    }
    const { ports, followed = [] } = registry.get(this.#id);
    const update = (port: PublishedPort) => tried.get(keyOf(port)) ?? port;
    const change = { ports: ports.map(update), followed: followed.map(update) };
    const after = await registry.update(this.#id, change, RELAXED);
    if (after !== undefined) this.#retryLater(after);
  }

  #complain(error: unknown, message: string): void {
    const { signal } = this.#ending;
    if (signal.aborted || this.#session.ending) return;
    const name = this.#context.registry.find(this.#id)?.name;
    this.#context.log.warn({ environment: name, err: asBerthError(error) }, message);
  }
}

/** What is lost with the host's power is found out anew when the machine starts again. */
const RELAXED = { durability: 'relaxed' } as const;

/** An answer may be looked at after a notice that came behind it: of two marks of one run of the guest's daemon the higher counts. */
function laterOf(one: string | undefined, other: string): string {
  const [oneRun, oneCount] = one?.split('.') ?? [];
  const [otherRun, otherCount] = other.split('.');
  return one !== undefined && oneRun === otherRun && Number(oneCount) > Number(otherCount) ? one : other;
}

/** True while an operation starts and ends containers itself; one look afterwards is enough. */
function isBusy({ state, reviving }: EnvironmentRecord): boolean {
  return BUSY_STATES.has(state) || reviving === true;
}

/** True for a port that is not open and may be. */
function hasProblem({ address }: EnvironmentRecord, port: PublishedPort): boolean {
  return port.problem !== undefined && (port.container === undefined || mayOpen(port, address));
}

/** Ports of the machine that the Compose file plans, also those that a fork does not have on the host. */
function plannedPorts(record: EnvironmentRecord): Set<string> {
  const planned = projectOf(record).services.flatMap(({ ports }) => ports);
  return new Set(
    planned.flatMap(({ guestPort, protocol }) =>
      guestPort === undefined ? [] : [`${guestPort}/${protocol}`],
    ),
  );
}
