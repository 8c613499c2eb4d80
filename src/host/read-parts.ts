import { open } from 'node:fs/promises';
import { isMissing } from './system-error.ts';

/** The last `maxBytes` of a file as text, from the start of a line where it was cut; empty when there is no file. */
export async function tailFile(path: string, maxBytes: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    if (start === 0) return text;
    const newline = text.indexOf('\n');
    return newline < 0 ? text : text.slice(newline + 1);
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
