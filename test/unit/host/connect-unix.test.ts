import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectUnix } from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('connects to a listening socket', async () => {
  const path = join(temporaryDirectory(), 's');
  const server = createServer((socket) => socket.end('hello'));
  onTestFinished(() => void server.close());
  await once(server.listen(path), 'listening');
  const socket = await connectUnix(path, { timeoutMs: 5_000 });
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(String(chunk)).toBe('hello');
  socket.destroy();
});

test('says why it cannot', async () => {
  const path = join(temporaryDirectory(), 's');
  await expect(connectUnix(path, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'ENOENT' });
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(async () => connectUnix(path, { timeoutMs: 5_000, signal: aborted })).rejects.toThrow(
    'enough',
  );
});
