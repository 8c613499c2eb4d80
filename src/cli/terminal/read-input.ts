import { text } from 'node:stream/consumers';

/** Everything on standard input, as text. */
export function readInput(): Promise<string> {
  return text(process.stdin);
}
