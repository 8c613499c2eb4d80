import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { sleep } from '../base/index.ts';
import { isMissing } from './system-error.ts';

const INTERVAL_MS = 100;
const CHUNK_BYTES = 64 * 1024;

export interface FollowOptions {
  /** Ends the stream, without an error. */
  signal: AbortSignal;
  /** Byte to start from, default 0. */
  fromByte?: number;
}

/**
 * What a file holds and what is appended to it, in pieces of text, until `signal` is aborted.
 * Waits for a file that is not there yet; starts again from its beginning when it was cut or replaced by a shorter one.
 */
export async function* followFile(path: string, o: FollowOptions): AsyncGenerator<string, void, void> {
  const decoder = new StringDecoder('utf8');
  let position = o.fromByte ?? 0;
  while (!o.signal.aborted) {
    const piece = await readFrom(path, position);
    if (piece.cut) position = 0;
    position += piece.bytes.length;
    const text = decoder.write(piece.bytes);
    if (text !== '') yield text;
    if (piece.bytes.length === 0 && !piece.cut) await sleep(INTERVAL_MS, o.signal).catch(() => undefined);
  }
}

async function readFrom(path: string, position: number): Promise<{ bytes: Buffer; cut: boolean }> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size < position) return { bytes: Buffer.alloc(0), cut: true };
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, size - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    return { bytes: buffer.subarray(0, bytesRead), cut: false };
  } catch (error) {
    if (isMissing(error)) return { bytes: Buffer.alloc(0), cut: false };
    throw error;
  }
}
