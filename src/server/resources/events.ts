import type { BerthEvent } from '../../model/index.ts';
import type { HandlersOf } from '../call.ts';
import type { EventService } from '../services.ts';

export function eventHandlers(events: EventService): HandlersOf<'events'> {
  return {
    'events.list': async ({ query, lastEventId, signal }) => {
      const after = sequenceOf(lastEventId) ?? query.after ?? 0;
      return query.follow === true ? events.follow(after, signal) : each(await events.list(after));
    },
  };
}

/** What is no sequence is as if it had not been sent. */
function sequenceOf(lastEventId: string | undefined): number | undefined {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined;
}

async function* each(events: readonly BerthEvent[]): AsyncGenerator<BerthEvent> {
  yield* events;
}
