import type { FileRange } from '../../host/index.ts';

/** Pages are of this size in files that are accepted. */
export const PAGE_BYTES = 4096;

/** Where guest memory is in a file, in bytes. */
interface MemoryArea {
  readonly memoryOffset: number;
  readonly memoryBytes: number;
}

/**
 * Pages that hold something in the file although the bitmap leaves them out, as ranges of the file. QEMU writes a page
 * that is not empty each time it has changed, but an empty one never: it only takes its bit away. So what a page held
 * before the guest cleared it, while it was being saved, is still there. QEMU's own loader looks at the bits; a mapping does not.
 *
 * `data` are the parts of the file that are not holes, in order.
 */
export function stalePages(bitmap: Uint8Array, memory: MemoryArea, data: readonly FileRange[]): FileRange[] {
  const stale: { offset: number; length: number }[] = [];
  for (const extent of data) {
    for (const page of pagesOf(extent, memory)) {
      if (hasBit(bitmap, page)) continue;
      const offset = memory.memoryOffset + page * PAGE_BYTES;
      const last = stale.at(-1);
      if (last !== undefined && last.offset + last.length >= offset)
        last.length = offset + PAGE_BYTES - last.offset;
      else stale.push({ offset, length: PAGE_BYTES });
    }
  }
  return stale;
}

/** Numbers of the pages that an extent touches. */
function* pagesOf({ offset, length }: FileRange, memory: MemoryArea): Generator<number> {
  const first = Math.floor(Math.max(0, offset - memory.memoryOffset) / PAGE_BYTES);
  const end = Math.ceil((offset + length - memory.memoryOffset) / PAGE_BYTES);
  const count = Math.floor(memory.memoryBytes / PAGE_BYTES);
  for (let page = first; page < Math.min(end, count); page += 1) yield page;
}

/** The bitmap is little-endian, so its bytes are in the order of the pages. */
function hasBit(bitmap: Uint8Array, page: number): boolean {
  return (((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
}
