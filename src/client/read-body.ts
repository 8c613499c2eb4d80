import { LineFramer } from '../base/index.ts';
import { berthError } from '../errors/index.ts';

/** Largest answer that is read whole, in characters; more is a defect. */
const MAX_ANSWER_LENGTH = 64 * 1024 * 1024;
/** Longest line of a stream; a log line may be long, and is sent whole. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/** A whole body as text. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_LENGTH) throw berthError('internal', 'The answer of the daemon is too long');
  }
  return text + decoder.decode();
}

/** A body line by line as it arrives, without the line breaks. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
  for await (const chunk of body) yield* framer.push(decoder.decode(chunk, { stream: true }));
  yield* framer.push(decoder.decode());
  const rest = framer.rest();
  if (rest !== '') yield rest;
}
