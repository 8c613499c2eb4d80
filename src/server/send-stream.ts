import type { ServerResponse } from 'node:http';
import type { Route, StreamKind } from '../contract/index.ts';
import { asBerthError } from '../errors/index.ts';
import type { Failure } from '../model/index.ts';

/** How often an idle event stream says that it is alive, in ms. */
const HEARTBEAT_MS = 15_000;

/** How the items of a stream become text. */
interface StreamFormat {
  readonly contentType: string;
  item(item: unknown): string;
  /** What ends a stream that failed after it had begun. */
  failure(failure: Failure): string;
  readonly heartbeat?: string;
}

/** Sends every item, waiting for a slow client; ends with the items, when the client goes, and at `signal`. */
export async function sendStream(
  response: ServerResponse,
  route: Route,
  items: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const format = formatOf(route.stream ?? 'ndjson', route.resumeField);
  response.writeHead(route.status, { 'content-type': format.contentType, 'cache-control': 'no-store' });
  response.flushHeaders();
  const { heartbeat } = format;
  const timer =
    heartbeat === undefined ? undefined : setInterval(() => response.write(heartbeat), HEARTBEAT_MS);
  try {
    for await (const item of items) {
      if (signal.aborted) break;
      if (!response.write(format.item(item))) await drained(response, signal);
    }
  } catch (error) {
    if (!signal.aborted) response.write(format.failure(asBerthError(error).toFailure()));
  } finally {
    clearInterval(timer);
    response.end();
  }
}

function formatOf(kind: StreamKind, resumeField: string | undefined): StreamFormat {
  if (kind === 'sse') {
    return {
      contentType: 'text/event-stream; charset=utf-8',
      item: (item) => `${eventId(item, resumeField)}data: ${JSON.stringify(item)}\n\n`,
      failure: (failure) => `event: failure\ndata: ${JSON.stringify(failure)}\n\n`,
      heartbeat: ': alive\n\n',
    };
  }
  return {
    contentType: 'application/x-ndjson; charset=utf-8',
    item: (item) => `${JSON.stringify(item)}\n`,
    failure: (failure) => `${JSON.stringify({ failure })}\n`,
  };
}

function eventId(item: unknown, field: string | undefined): string {
  if (field === undefined || typeof item !== 'object' || item === null) return '';
  return `id: ${String(Object.getOwnPropertyDescriptor(item, field)?.value)}\n`;
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    signal.addEventListener('abort', done);
    if (signal.aborted || response.destroyed) done();
  });
}
