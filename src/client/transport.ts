/** How the client reaches a daemon. The Node one goes over a unix socket, one in a browser would use `fetch`. */
export interface Transport {
  /**
   * Send one request; resolves as soon as the head of the answer is there, whatever its status.
   * Rejects with a `BerthError` `daemon-not-running` when nobody answers, and with the reason of `signal` when that aborts.
   */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Open a WebSocket; resolves when it is open. An HTTP answer in place of it goes through {@link failureFrom}. */
  openSocket(path: string, signal?: AbortSignal): Promise<MessageSocket>;
}

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query, beginning with `/v1`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; absent when there is no body. */
  readonly body?: string;
  /** Ends the request and its answer's body at any time. */
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or left by `return()`, which ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A WebSocket that carries binary messages, without its events. */
export interface MessageSocket {
  /** Messages in order; ends when the other side closed, throws when the connection broke. One reader only. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Resolves when the message may be followed by the next one (back-pressure). */
  send(message: Uint8Array): Promise<void>;
  /** May be called twice. */
  close(): void;
}
