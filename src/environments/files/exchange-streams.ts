import { PassThrough, type Readable } from 'node:stream';
import { LineFramer } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { TerminalProcess } from '../terminal.ts';

/** More lines than this are no tree of files that anybody works with. */
const MAX_LINES_BYTES = 128 * 1024 * 1024;
const MAX_LINE_LENGTH = 64 * 1024;

/** The two directions of an exchange of files. */
export interface ExchangeStreams {
  readonly input: Readable;
  /** Resolves when the next may follow. */
  say(line: string): Promise<void>;
}

/** What came in: the lines, and the bytes after the empty line that ends them. */
export interface Incoming {
  readonly lines: readonly string[];
  readonly rest: AsyncIterable<Uint8Array>;
}

/** Reads the lines up to the empty one; the rest is read by whoever takes it. @throws `bad-request`, `payload-too-large` */
export async function readIncoming(input: Readable): Promise<Incoming> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const lines: string[] = [];
  let held: Buffer[] = [];
  let size = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const chunk = next.value;
    const end = endOfLines(held.at(-1), chunk);
    size += chunk.length;
    if (size > MAX_LINES_BYTES) throw berthError('payload-too-large', 'the list of changes is too long');
    if (end === undefined) {
      held.push(chunk);
      continue;
    }
    const text = Buffer.concat([...held, chunk.subarray(0, end)]).toString('utf8');
    held = [];
    const framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
    lines.push(...framer.push(text).filter((line) => line !== ''));
    return { lines, rest: followedBy(chunk.subarray(end), chunks) };
  }
  throw berthError('bad-request', 'the list of changes has no end');
}

/** Position in `chunk` after the empty line, which may begin at the end of the chunk before. */
function endOfLines(before: Buffer | undefined, chunk: Buffer): number | undefined {
  const isAtLineStart = before === undefined || before.at(-1) === 0x0a;
  if (isAtLineStart && chunk[0] === 0x0a) return 1;
  const at = chunk.indexOf('\n\n');
  return at < 0 ? undefined : at + 2;
}

async function* followedBy(
  first: Uint8Array,
  chunks: AsyncIterator<Buffer>,
): AsyncGenerator<Uint8Array, void, void> {
  if (first.length > 0) yield first;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

/** An exchange as a process with streams, which is what is served to clients. `work` gets a signal that aborts when the client goes. */
export function exchangeProcess(
  work: (streams: ExchangeStreams, signal: AbortSignal) => Promise<void>,
): TerminalProcess {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const gone = new AbortController();
  const say = (line: string) =>
    new Promise<void>((resolve) => {
      if (stdout.write(`${line}\n`)) resolve();
      else stdout.once('drain', resolve);
    });
  stdin.on('error', () => undefined);
  const exit = work({ input: stdin, say }, gone.signal)
    .then(() => 0)
    .finally(() => {
      stdout.end();
      // What still comes is of no interest, and must not hold up the connection.
      stdin.resume();
    });
  return {
    stdin,
    stdout,
    resize: () => undefined,
    exit,
    kill: () => {
      const reason = berthError('cancelled', 'whoever sent the files has gone');
      gone.abort(reason);
      stdin.destroy(reason);
    },
  };
}
