import { LineFramer } from '../base/index.ts';
import type { FilesMessage, FilesOffer } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import type { RemoteProcess } from './api.ts';

/** Longest line that a daemon sends: a path and a link's target. */
const MAX_LINE_LENGTH = 64 * 1024;

/** One exchange of files with a machine: read the {@link offer} and {@link list}, then {@link send} what differs, once. */
export interface FileExchange {
  /** What the machine is to have. Resolves when it is ready to be asked: an `up` boots it first. */
  readonly offer: Promise<FilesOffer>;
  /** Lines of what the machine has; empty when it still has what was named as known. To be read after the offer. */
  list(): Promise<readonly string[]>;
  /** Sends the lines and the archive that belongs to them; resolves with the new generation. */
  send(
    lines: Iterable<string>,
    archive: AsyncIterable<Uint8Array> | undefined,
    onNote?: (text: string) => void,
  ): Promise<string>;
  /** Leaves; what was not sent completely is sent again by the next exchange. May be called twice. */
  close(): void;
}

/** Speaks the messages of an exchange over an open socket. */
export function fileExchange(process: RemoteProcess): FileExchange {
  const lines = linesOf(process);
  const next = async () => {
    const line = await lines.next();
    if (line.done !== true) return line.value;
    // Its exit says why it ended.
    await process.exit;
    throw berthError('daemon-not-running', 'The exchange of files ended before it was complete');
  };
  const offer = next().then((line) => JSON.parse(line) as FilesOffer);
  offer.catch(() => undefined);
  return {
    offer,
    list: () => readList(next),
    async send(planned, archive, onNote) {
      await sendAll(process, planned, archive);
      for (;;) {
        const message = JSON.parse(await next()) as FilesMessage;
        if (message.type === 'note') onNote?.(message.text);
        if (message.type === 'done') return message.generation;
      }
    },
    close: () => process.close(),
  };
}

/** Rejects when the archive fails. A daemon that takes no more has ended the exchange, and its exit tells why. */
async function sendAll(
  process: RemoteProcess,
  lines: Iterable<string>,
  archive: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  try {
    for (const text of joined(lines)) await process.write(new TextEncoder().encode(text));
  } catch {
    return;
  }
  for await (const chunk of archive ?? []) {
    try {
      await process.write(chunk);
    } catch {
      return;
    }
  }
  await process.end().catch(() => undefined);
}

async function* linesOf(process: RemoteProcess): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
  for await (const { stream, data } of process.output) {
    if (stream === 'stdout') yield* framer.push(decoder.decode(data, { stream: true }));
  }
}

async function readList(next: () => Promise<string>): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let line = await next(); line.startsWith('['); line = await next()) lines.push(line);
  return lines;
}

/** Lines with their ends, an empty one after them, in pieces of a sensible size. */
function* joined(lines: Iterable<string>): Generator<string> {
  let held = '';
  for (const line of lines) {
    held += `${line}\n`;
    if (held.length < MAX_LINE_LENGTH) continue;
    yield held;
    held = '';
  }
  yield `${held}\n`;
}
