import { sleep } from '../base/index.ts';
import type { BerthEvent, Operation } from '../model/index.ts';
import { isEnded } from '../model/index.ts';
import type { StreamOptions } from './api.ts';
import type { Caller } from './caller.ts';
import { errorOf, failureFrom, isFailure, isLostConnection } from './failure.ts';
import { readEvents, type ServerSentEvent } from './server-sent-events.ts';

/** How long a daemon that does not answer is tried again, in ms, and the waits between the tries. */
const GIVE_UP_MS = 30_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** The operation now and on every change until it has ended, across lost connections. */
export async function* followOperation(
  caller: Caller,
  id: string,
  options: StreamOptions,
): AsyncGenerator<Operation> {
  const open = (signal: AbortSignal | undefined) =>
    caller.stream('operations.events', { params: { id: id as Operation['id'] } }, streamOptions(signal));
  for await (const { data } of reconnecting(open, options.signal)) {
    const operation = JSON.parse(data) as Operation;
    yield operation;
    if (isEnded(operation)) return;
  }
}

/** Events, and with `follow` those to come, across lost connections. */
export async function* followEvents(
  caller: Caller,
  query: StreamOptions & { readonly follow?: boolean; readonly after?: number },
): AsyncGenerator<BerthEvent> {
  const { signal, ...parameters } = query;
  const open = (until: AbortSignal | undefined, lastEventId: string | undefined) =>
    caller.stream('events.list', { query: parameters }, streamOptions(until, lastEventId));
  const events = query.follow === true ? reconnecting(open, signal) : onceOnly(open, signal);
  for await (const { data } of events) yield JSON.parse(data) as BerthEvent;
}

type Open = (
  signal: AbortSignal | undefined,
  lastEventId: string | undefined,
) => Promise<AsyncIterable<Uint8Array>>;

async function* onceOnly(open: Open, signal: AbortSignal | undefined): AsyncGenerator<ServerSentEvent> {
  try {
    for await (const event of readEvents(await open(signal, undefined))) yield orThrow(event);
  } catch (error) {
    if (!isAborted(signal)) throw error;
  }
}

/** Opens the stream again when it ends or breaks, until the reader leaves, `signal` aborts, or nobody answers for long. */
async function* reconnecting(open: Open, signal: AbortSignal | undefined): AsyncGenerator<ServerSentEvent> {
  let lastEventId: string | undefined;
  let lost = { since: Date.now(), waitMs: FIRST_WAIT_MS };
  while (!isAborted(signal)) {
    try {
      for await (const event of readEvents(await open(signal, lastEventId))) {
        lost = { since: Date.now(), waitMs: FIRST_WAIT_MS };
        lastEventId = event.id ?? lastEventId;
        yield orThrow(event);
        lost = { since: Date.now(), waitMs: FIRST_WAIT_MS };
      }
    } catch (error) {
      if (isAborted(signal)) return;
      if (!isLostConnection(error) || Date.now() - lost.since > GIVE_UP_MS) throw error;
    }
    await sleep(lost.waitMs, signal).catch(() => undefined);
    lost = { ...lost, waitMs: Math.min(lost.waitMs * 2, LONGEST_WAIT_MS) };
  }
}

/** A call, so that the compiler does not take an earlier answer for a later one. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** A stream that fails says so in its last event. */
function orThrow(event: ServerSentEvent): ServerSentEvent {
  if (event.event !== 'failure') return event;
  const failure: unknown = JSON.parse(event.data);
  throw isFailure(failure) ? errorOf(failure) : failureFrom(200, event.data);
}

function streamOptions(signal: AbortSignal | undefined, lastEventId?: string) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(lastEventId === undefined ? {} : { lastEventId }),
  };
}
