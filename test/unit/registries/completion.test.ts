import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../src/host/index.ts';
import { Completion } from '../../../src/registries/completion.ts';
import { blobFile } from '../../../src/registries/kept-images.ts';
import { digestOf } from './fake-registry.ts';

test('asks for the blobs of an image that no engine wanted, once nobody asks for anything', async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const keep = (text: string) => {
    mkdirSync(dirname(blobFile(data, digestOf(text))), { recursive: true });
    writeFileSync(blobFile(data, digestOf(text)), text);
  };
  const layers = ['known', 'left out'].map((text) => ({ digest: digestOf(text) }));
  const broken = [{ digest: 'sha256:../../etc/passwd' }, 7];
  const manifest = JSON.stringify({ config: { digest: digestOf('known') }, layers: [...layers, ...broken] });
  keep(manifest);
  keep('known');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('left out');
  });
  const socketPath = join(directory.path, 'socket');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const completion = new Completion({ data, socket: async () => socketPath });
  completion.note({ repository: 'team/app', digest: digestOf(manifest) });
  completion.resume();
  completion.pause();
  expect(asked).toEqual([]);
  completion.resume();
  await expect.poll(() => asked, { timeout: 10_000 }).toEqual([`/v2/team/app/blobs/${digestOf('left out')}`]);
  await completion.close();
  await new Promise((resolve) => server.close(resolve));
});
