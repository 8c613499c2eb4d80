import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followFile } from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function readUntil(stream: AsyncIterator<string>, text: string): Promise<string> {
  let seen = '';
  while (!seen.includes(text)) {
    const next = await stream.next();
    if (next.done === true) throw new Error(`ended after ${JSON.stringify(seen)}`);
    seen += next.value;
  }
  return seen;
}

test('waits for the file, gives what is appended, starts again when it was cut, and ends when told', async () => {
  const path = join(temporaryDirectory(), 'log');
  const controller = new AbortController();
  const stream = followFile(path, { signal: controller.signal })[Symbol.asyncIterator]();
  const first = readUntil(stream, 'one\n');
  writeFileSync(path, 'one\n');
  expect(await first).toBe('one\n');
  appendFileSync(path, 'two ');
  appendFileSync(path, 'ä\n');
  expect(await readUntil(stream, '\n')).toBe('two ä\n');
  writeFileSync(path, 'new\n');
  expect(await readUntil(stream, '\n')).toBe('new\n');
  const last = stream.next();
  controller.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});

test('starts where it is told', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'old\nnew\n');
  const controller = new AbortController();
  const stream = followFile(path, { signal: controller.signal, fromByte: 4 })[Symbol.asyncIterator]();
  expect(await readUntil(stream, '\n')).toBe('new\n');
  controller.abort();
});
