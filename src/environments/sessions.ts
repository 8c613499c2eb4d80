import { KeyedMutex, Mutex } from '../base/index.ts';
import {
  connectEngine,
  connectGuestShell,
  type Engine,
  type GuestShell,
  type HostKeyPair,
} from '../guest/index.ts';
import { berthError } from '../errors/index.ts';
import type { Machine } from '../machines/index.ts';
import type { EnvironmentId } from '../model/index.ts';
import type { SentFiles } from './files/sent-files.ts';
import type { EnvironmentRecord } from './record.ts';

/** A running machine with the connections into it that have been needed so far. */
export interface Session {
  readonly machine: Machine;
  /** True once its end is wanted, so that it is not taken for a crash. */
  ending: boolean;
  /** True once the guest has its own SSH host key and the record knows it: before, nobody may log in. */
  isKnown: boolean;
  /** True while its virtual CPUs stand still because nobody needs it. */
  isFrozen: boolean;
  /** Aborts when the guest restarts by itself; replaced then. */
  restarted: AbortController;
  /** Present while the environment is brought back after that. */
  revival?: Promise<void> | undefined;
  /** Names of the imports into its volumes that are under way. */
  readonly imports: Set<string>;
  /** How many bytes the guest may have written before it is asked again how full its disk is. */
  nextLookBytes?: number;
  /** True while it stands still because its disk cannot be written on the host. */
  isStalled?: boolean;
  /** The console's line on the last panic that was told of. */
  lastPanic?: string;
  shell?: GuestShell;
  engine?: Engine;
  /** Held while its files are brought in step with the host's. */
  readonly filesLock: Mutex;
  /** What it has of the host's files, once that was asked for. Another machine may have another disk. */
  sentFiles?: SentFiles;
  /** Opens and closes the ports of containers as they come and go; absent until the machine is somebody of its own. */
  follower?: { settled(): Promise<void>; close(): void } | undefined;
}

/** The machines that run, by environment. Connections are opened when first needed: a login costs half a second under emulation. */
export class Sessions {
  /** Held while it is found out what has become of a machine without a session. */
  readonly taking = new KeyedMutex();
  readonly #clientKey: HostKeyPair;
  readonly #sessions = new Map<EnvironmentId, Session>();
  readonly #settling = new Set<EnvironmentId>();

  constructor(clientKey: HostKeyPair) {
    this.#clientKey = clientKey;
  }

  add(id: EnvironmentId, machine: Machine): Session {
    const session: Session = {
      ...{ machine, ending: false, isKnown: false, isFrozen: false },
      ...{ imports: new Set(), restarted: new AbortController(), filesLock: new Mutex() },
    };
    this.#sessions.set(id, session);
    return session;
  }

  find(id: EnvironmentId): Session | undefined {
    return this.#sessions.get(id);
  }

  /** Whether the guest can be asked something: it runs and is somebody of its own. */
  isReachable(id: EnvironmentId): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && session.isKnown && !session.isFrozen;
  }

  /** @throws `not-running` */
  get(record: EnvironmentRecord): Session {
    const session = this.#sessions.get(record.id);
    if (session === undefined) {
      throw berthError('not-running', `environment "${record.name}" is ${record.state}`, {
        remedy: `Start it with \`./berth start ${record.name}\`.`,
      });
    }
    return session;
  }

  /**
   * A connection into the machine; opened once, kept until the machine ends.
   * @throws `not-running`, also before the guest has an identity of its own: whoever came earlier would keep a key that is not its own
   */
  shell(record: EnvironmentRecord): GuestShell {
    const session = this.get(record);
    if (!session.isKnown)
      throw berthError(
        'not-running',
        `the guest of environment "${record.name}" has no identity of its own yet`,
        {
          remedy: `Wait for it: \`./berth inspect ${record.name}\` shows when it runs.`,
        },
      );
    session.shell ??= connectGuestShell({
      host: session.machine.slot.guestReachableAt,
      privateKey: this.#clientKey.private,
      hostKey: record.hostKey ?? '',
    });
    return session.shell;
  }

  /** The container engine in the machine. @throws `not-running` */
  engine(record: EnvironmentRecord): Engine {
    const session = this.get(record);
    session.engine ??= connectEngine(this.shell(record));
    return session.engine;
  }

  /** Closes the connections; the machine is not touched. */
  remove(id: EnvironmentId): void {
    this.#sessions.get(id)?.follower?.close();
    this.disconnect(id);
    this.#sessions.delete(id);
  }

  /** Closes the connections, of which new ones are opened when needed, and forgets what was learned over them. */
  disconnect(id: EnvironmentId): void {
    const session = this.#sessions.get(id);
    session?.engine?.close();
    session?.shell?.close();
    delete session?.engine;
    delete session?.shell;
    delete session?.sentFiles;
  }

  /** Removes the session of a machine that has ended, and runs what settles its end: until then nobody else is to find out about it. */
  async settle(id: EnvironmentId, work: () => Promise<void>): Promise<void> {
    this.remove(id);
    this.#settling.add(id);
    try {
      await work();
    } finally {
      this.#settling.delete(id);
    }
  }

  /** Whether the end of the environment's machine is being settled. */
  isSettling(id: EnvironmentId): boolean {
    return this.#settling.has(id);
  }

  all(): [EnvironmentId, Session][] {
    return [...this.#sessions];
  }
}
