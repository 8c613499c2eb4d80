import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseMemoryRegion, prepareForMapping } from '../../../src/hypervisor/qemu/mapped-ram.ts';
import { PAGE_BYTES } from '../../../src/hypervisor/qemu/stale-pages.ts';

const MEMORY_BYTES = 512 * 1024 * 1024;

/** The head of a migration file with one block, as QEMU 10.0 lays it out. */
function headOf(
  o: { name?: string; version?: number; pageBytes?: number; memoryOffset?: number } = {},
): Buffer {
  const name = o.name ?? 'mem';
  const head = Buffer.alloc(4096);
  let at = 96;
  at = head.writeUInt8(name.length, at);
  at += head.write(name, at, 'ascii');
  at = head.writeBigUInt64BE(BigInt(MEMORY_BYTES), at);
  at = head.writeUInt32BE(o.version ?? 1, at);
  at = head.writeBigUInt64BE(BigInt(o.pageBytes ?? 4096), at);
  at = head.writeBigUInt64BE(0x88n, at);
  head.writeBigUInt64BE(BigInt(o.memoryOffset ?? 0x100000), at);
  return head;
}

test('finds where bitmap and memory of the block lie', () => {
  expect(parseMemoryRegion(headOf(), 'mem', MEMORY_BYTES)).toEqual({
    bitmapOffset: 0x88,
    bitmapBytes: 16384,
    memoryOffset: 0x100000,
    memoryBytes: MEMORY_BYTES,
  });
});

test.each([
  ['another name', headOf({ name: 'ram' })],
  ['another version of the format', headOf({ version: 2 })],
  ['other pages', headOf({ pageBytes: 16384 })],
  ['memory that is not aligned', headOf({ memoryOffset: 0x100001 })],
  ['the block twice', Buffer.concat([headOf(), headOf()])],
  ['an end within the header', headOf().subarray(0, 110)],
])('refuses a file with %s', (_what, head) => {
  expect(() => parseMemoryRegion(head, 'mem', MEMORY_BYTES)).toThrowError(
    expect.objectContaining({ code: 'template-invalid' }),
  );
});

test('empties the bitmap and nothing else, however often it is called', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-mapped-ram-'));
  try {
    const path = join(directory, 'state');
    const head = headOf();
    const content = Buffer.concat([head, Buffer.alloc(32 * 1024, 0xff)]);
    content.fill(0xff, 136, 136 + 16384);
    head.copy(content, 0, 0, 136);
    await writeFile(path, content);
    await prepareForMapping(path, 'mem', MEMORY_BYTES, async () => []);
    const once = await readFile(path);
    expect(once.subarray(136, 136 + 16384).every((byte) => byte === 0)).toBe(true);
    expect(once.subarray(0, 136)).toEqual(content.subarray(0, 136));
    expect(once.subarray(136 + 16384)).toEqual(content.subarray(136 + 16384));
    await prepareForMapping(path, 'mem', MEMORY_BYTES, async () => []);
    expect(await readFile(path)).toEqual(once);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('clears what a page held before the guest cleared it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-mapped-ram-'));
  try {
    const path = join(directory, 'state');
    const content = Buffer.alloc(0x100000 + 4 * PAGE_BYTES, 7);
    headOf().copy(content);
    content.fill(0, 136, 136 + 16384);
    // Pages 0 and 2 count; 1 and 3 were emptied while they were saved.
    content[136] = 0b0101;
    await writeFile(path, content);
    const whole = { offset: 0x100000, length: 4 * PAGE_BYTES };
    await prepareForMapping(path, 'mem', MEMORY_BYTES, async () => [whole]);
    const memory = (await readFile(path)).subarray(0x100000);
    const pages = [0, 1, 2, 3].map((page) => memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
    expect(pages.map((page) => page.every((byte) => byte === 7))).toEqual([true, false, true, false]);
    expect(pages.map((page) => page.every((byte) => byte === 0))).toEqual([false, true, false, true]);
    // A second time the bitmap is empty, and nothing may go.
    await prepareForMapping(path, 'mem', MEMORY_BYTES, async () => [whole]);
    expect((await readFile(path)).subarray(0x100000)).toEqual(memory);
  } finally {
    await rm(directory, { recursive: true });
  }
});
