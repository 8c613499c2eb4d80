import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { LineFramer } from '../base/index.ts';
import type { LogLine, LogOptions } from './engine.ts';
import { bytesOf } from './engine-http.ts';
import { OutputSplitter } from './multiplexed-output.ts';

/** Longer lines come in pieces. */
const MAX_LINE_LENGTH = 64 * 1024;
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\S+) ?/;

/** The query of `GET /containers/{id}/logs`. */
export function logQuery(o: LogOptions): string {
  const query = new URLSearchParams({ stdout: '1', stderr: '1' });
  if (o.follow === true) query.set('follow', '1');
  if (o.timestamps === true) query.set('timestamps', '1');
  if (o.tail !== undefined) query.set('tail', String(o.tail));
  if (o.since !== undefined) query.set('since', String(Date.parse(o.since) / 1_000));
  return query.toString();
}

/** Lines of a log as they come. */
export async function* readLog(
  answer: IncomingMessage,
  hasTerminal: boolean,
  timestamps: boolean,
): AsyncGenerator<LogLine> {
  const splitter = hasTerminal ? undefined : new OutputSplitter();
  const lines = { stdout: new LineReader(), stderr: new LineReader() };
  for await (const chunk of answer) {
    const bytes = bytesOf(chunk);
    for (const piece of splitter?.push(bytes) ?? [{ stream: 'stdout' as const, bytes }]) {
      for (const line of lines[piece.stream].push(piece.bytes)) yield logLine(piece.stream, line, timestamps);
    }
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    for (const line of lines[stream].end()) yield logLine(stream, line, timestamps);
  }
}

function logLine(stream: LogLine['stream'], line: string, timestamps: boolean): LogLine {
  const at = timestamps ? TIMESTAMP.exec(line) : null;
  return at === null ? { stream, line } : { stream, line: line.slice(at[0].length), at: at[1] ?? '' };
}

class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });

  push(bytes: Buffer): string[] {
    return this.#framer.push(this.#decoder.write(bytes));
  }

  end(): string[] {
    const last = [...this.#framer.push(this.#decoder.end()), this.#framer.rest()];
    return last.filter((line) => line !== '');
  }
}
