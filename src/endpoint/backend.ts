import type { Duplex } from 'node:stream';

/** What stands behind an endpoint: one environment, whether its machine runs or not. */
export interface EndpointBackend {
  /** A new stream to the container engine. Fails with `not-running`, `guest-unreachable`, `timeout` or the signal's reason. */
  engineSocket(o: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Duplex>;
  /**
   * Resolves when the ports of containers that run now are open on the host, or after a few seconds all the same. Never rejects.
   */
  portsSettled(signal: AbortSignal): Promise<void>;
  /** Why a path may not be mounted into a container, naming it, with what to do instead; undefined when it may. */
  mountRefusal(mount: MountWish, signal: AbortSignal): Promise<string | undefined>;
}

/** A path outside of containers that a client wants to mount into one. */
export interface MountWish {
  /** Absolute, without `.`, `..` and double slashes. */
  readonly path: string;
  /** True when the engine would make an empty directory where there is nothing, instead of failing. */
  readonly isMadeWhenMissing: boolean;
}

/** Where the endpoints report what is no client's failure; pino's logger fits. */
export interface EndpointLog {
  warn(facts: object, message: string): void;
}
