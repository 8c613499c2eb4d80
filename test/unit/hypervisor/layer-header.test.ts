import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assertChain, readLayerHeader } from '../../../src/hypervisor/qemu/layer-header.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-layer-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The first bytes of a qcow2 file as QEMU writes them. */
function layer(
  name: string,
  o: { readonly backing?: string; readonly features?: bigint; readonly version?: number } = {},
): string {
  const { backing = '', features = 0n, version = 3 } = o;
  const bytes = Buffer.alloc(4096);
  bytes.write('QFI\xfb', 'latin1');
  bytes.writeUInt32BE(version, 4);
  bytes.writeBigUInt64BE(backing === '' ? 0n : 1024n, 8);
  bytes.writeUInt32BE(Buffer.byteLength(backing), 16);
  bytes.writeBigUInt64BE(features, 72);
  bytes.write(backing, 1024);
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

test('tells what a layer stands on', async () => {
  expect(await readLayerHeader(layer('a', { backing: '/images/disk.raw' }))).toEqual({
    backing: '/images/disk.raw',
    hasExternalData: false,
  });
  expect(await readLayerHeader(layer('b'))).toEqual({ hasExternalData: false });
  expect((await readLayerHeader(layer('c', { features: 4n }))).hasExternalData).toBe(true);
  // Version 2 has no features where version 3 has them.
  expect((await readLayerHeader(layer('d', { features: 4n, version: 2 }))).hasExternalData).toBe(false);
});

test('a chain that leads where it should is right', async () => {
  const below = layer('below', { backing: '/images/disk.raw' });
  await assertChain([layer('above', { backing: below }), below], '/images/disk.raw');
  await assertChain([layer('alone')], undefined);
});

test.each([
  ['names another file', { backing: '/etc/shadow' }, 'it stands on /etc/shadow instead of /images/disk.raw'],
  ['names none', {}, 'it stands on nothing instead of /images/disk.raw'],
  [
    'keeps its data elsewhere',
    { backing: '/images/disk.raw', features: 4n },
    'it keeps its data in another file',
  ],
])('a layer that %s is refused', async (_, header, reason) => {
  await expect(assertChain([layer('bad', header)], '/images/disk.raw')).rejects.toMatchObject({
    code: 'image-corrupt',
    message: expect.stringContaining(reason),
  });
});

test('what is no qcow2 file is refused', async () => {
  const path = join(directory, 'raw');
  writeFileSync(path, 'x'.repeat(500));
  await expect(readLayerHeader(path)).rejects.toMatchObject({ code: 'image-corrupt' });
});
