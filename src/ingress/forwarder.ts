/** Where a published port leads. */
export interface Target {
  /** Address of the machine as the host reaches it. */
  readonly host: string;
  readonly port: number;
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
