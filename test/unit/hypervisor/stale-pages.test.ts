import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExtents } from '../../../src/hypervisor/qemu/data-extents.ts';
import { PAGE_BYTES, stalePages } from '../../../src/hypervisor/qemu/stale-pages.ts';

const memory = { memoryOffset: 0x100000, memoryBytes: 16 * PAGE_BYTES };

function extent(page: number, pages: number): { offset: number; length: number } {
  return { offset: memory.memoryOffset + page * PAGE_BYTES, length: pages * PAGE_BYTES };
}

test('no page is stale where each that holds data has its bit', () => {
  expect(stalePages(Uint8Array.of(0b1110, 0), memory, [extent(1, 3)])).toEqual([]);
});

test('pages without a bit are stale where the file holds data, and only there', () => {
  expect(stalePages(Uint8Array.of(0b0010, 0), memory, [extent(1, 3)])).toEqual([extent(2, 2)]);
});

test('neighbours make one range, over the end of an extent too', () => {
  expect(stalePages(new Uint8Array(2), memory, [extent(3, 2), extent(5, 1), extent(8, 1)])).toEqual([
    extent(3, 3),
    extent(8, 1),
  ]);
});

test('a page that is touched in part is cleared as a whole, once', () => {
  const half = { offset: extent(4, 1).offset, length: 512 };
  const other = { offset: extent(4, 1).offset + 1024, length: 512 };
  expect(stalePages(new Uint8Array(2), memory, [half, other])).toEqual([extent(4, 1)]);
});

test('what lies outside of the memory is left alone', () => {
  const around = { offset: memory.memoryOffset - PAGE_BYTES, length: 100 * PAGE_BYTES };
  expect(stalePages(new Uint8Array(2), memory, [around])).toEqual([extent(0, 16)]);
});

test('exactly the pages with data and without a bit are stale, whatever the file looks like', () => {
  const flags = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(flags, flags, (bits, holdsData) => {
      const bitmap = new Uint8Array(2);
      for (const [page, bit] of bits.entries())
        if (bit) bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
      const data = holdsData.flatMap((holds, page) => (holds ? [extent(page, 1)] : []));
      const cleared = new Set(
        stalePages(bitmap, memory, data).flatMap(({ offset, length }) =>
          Array.from(
            { length: length / PAGE_BYTES },
            (_, index) => (offset - memory.memoryOffset) / PAGE_BYTES + index,
          ),
        ),
      );
      expect(bits.map((_, page) => cleared.has(page))).toEqual(
        bits.map((bit, page) => !bit && holdsData[page] === true),
      );
    }),
  );
});

test('reads what qemu-img says of holes and data', () => {
  const text = `[{ "start": 1048576, "length": 4096, "depth": 0, "present": true, "zero": false, "data": true, "offset": 1048576},
{ "start": 1052672, "length": 20480, "depth": 0, "present": true, "zero": true, "data": false, "offset": 1052672}]`;
  expect(parseExtents(text)).toEqual([{ offset: 1048576, length: 4096 }]);
});

test.each(['{}', '[1]', '[{"start":1,"length":2}]'])('refuses %s', (text) => {
  expect(() => parseExtents(text)).toThrowError(expect.objectContaining({ code: 'template-invalid' }));
});
