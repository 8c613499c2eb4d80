import type {
  MessageSocket,
  Transport,
  TransportRequest,
  TransportResponse,
} from '../../../src/client/index.ts';

/** What a test answers with: a document, or the pieces of a body; thrown when it is an error. */
export type Reply =
  | Error
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly pieces?: AsyncIterable<string> | Iterable<string>;
    };

export interface FakeTransport extends Transport {
  readonly requests: TransportRequest[];
}

/** Answers each request with the next reply, and every one after the last with the last. */
export function fakeTransport(...replies: readonly Reply[]): FakeTransport {
  const requests: TransportRequest[] = [];
  return {
    requests,
    async request(request): Promise<TransportResponse> {
      request.signal?.throwIfAborted();
      const reply = replies[Math.min(requests.length, replies.length - 1)];
      requests.push(request);
      if (reply === undefined) throw new Error('the test gave no reply');
      if (reply instanceof Error) throw reply;
      const pieces = reply.pieces ?? (reply.json === undefined ? [] : [JSON.stringify(reply.json)]);
      return { status: reply.status ?? 200, headers: {}, body: encoded(pieces) };
    },
    openSocket: () => Promise.reject(new Error('the test gave no socket')),
  };
}

async function* encoded(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield new TextEncoder().encode(piece);
}

/** A socket of which the test holds the other end. */
export function fakeSocket(messages: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const sent: Uint8Array[] = [];
  let closed = false;
  const socket: MessageSocket = {
    messages: (async function* () {
      yield* messages;
    })(),
    async send(message) {
      sent.push(message);
    },
    close() {
      closed = true;
    },
  };
  return { socket, sent, isClosed: () => closed };
}
