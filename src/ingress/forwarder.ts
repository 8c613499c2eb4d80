import type { Fleet } from './fleet.ts';

/** Lets connections through to a machine that may have to be woken first. */
export interface Gate {
  /**
   * Undefined when the machine runs. Else it is being woken: resolves when the connection is to be carried, with false when it is to be
   * closed instead, and rejects when the machine cannot be woken. `knock` is called at most once; it resolves when the client has sent its first
   * bytes, with false when it has ended without.
   */
  pass(source: string, knock: () => Promise<boolean>): Promise<boolean> | undefined;
  /** Bytes go through, in either direction. They reach the machine by themselves when it runs. */
  touch(source: string): void;
}

/** Where a published port leads. */
export interface Target {
  /** Address of the machine as the host reaches it. */
  readonly host: string;
  readonly port: number;
  /** Absent: the machine always runs. */
  readonly gate?: Gate;
  /** Other machines of the owner take connections of this port, too. */
  readonly isShared?: boolean;
  /** Set by the ingress: all machines of the owner. */
  readonly fleet?: Fleet;
}

/** Where a port is opened on the host. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Reports what a listener that runs for weeks should not hide; pino's logger fits. */
export interface IngressLog {
  warn(message: string): void;
}

/** One open port. */
export interface Forwarder {
  /** Begins to listen; rejects with the system's error, for example `EADDRINUSE`. Call it once. */
  open(): Promise<void>;
  /** New connections go there; those that are open stay where they are. */
  retarget(target: Target): void;
  /** Open TCP connections, or UDP sessions that have not been idle for too long. */
  connections(): number;
  /** Stops listening and ends every connection at once. May be called again. */
  close(): Promise<void>;
}
