import { readLines } from './read-body.ts';

/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** `message` unless the stream says otherwise. */
  readonly event: string;
  readonly data: string;
  /** Latest id of the stream. */
  readonly id?: string;
}

/**
 * The events of a body: the parsing of https://html.spec.whatwg.org/multipage/server-sent-events.html (lines end in LF or
 * CRLF). An event that the end of the body cut off is left out.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let data: string[] = [];
  let event = 'message';
  let id: string | undefined;
  for await (const line of readLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n'), ...(id === undefined ? {} : { id }) };
      data = [];
      event = 'message';
      continue;
    }
    const { field, value } = parseField(line);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
  }
}

function parseField(line: string): { field: string; value: string } {
  const colon = line.indexOf(':');
  if (colon < 0) return { field: line, value: '' };
  const value = line.slice(colon + 1);
  return { field: line.slice(0, colon), value: value.startsWith(' ') ? value.slice(1) : value };
}
