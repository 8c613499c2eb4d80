import { berthError } from '../../errors/index.ts';
import { readAt, writeZeros } from '../../host/index.ts';
import { dataExtents } from './data-extents.ts';
import { PAGE_BYTES, stalePages } from './stale-pages.ts';

/**
 * QEMU's `mapped-ram` migration file keeps each page of guest memory at a fixed, page-aligned offset. So one file
 * serves twice: as the device state to load and as the memory to map copy-on-write. For that two things are to be done:
 * pages that the bitmap leaves out must be empty in the file too, and the bitmap, which says which pages to load, must be
 * emptied, or each fork would read (and so own) all of its memory.
 * Source: QEMU `docs/devel/migration/mapped-ram.rst` and `struct MappedRamHeader` in `migration/ram.c`.
 */
export interface MemoryRegion {
  /** Where the bitmap of pages starts in the file, in bytes. */
  readonly bitmapOffset: number;
  /** Length of the bitmap, in bytes. */
  readonly bitmapBytes: number;
  /** Where guest memory starts in the file, in bytes; a multiple of the page size. */
  readonly memoryOffset: number;
  /** Size of guest memory, in bytes. */
  readonly memoryBytes: number;
}

/** Block headers stand before the first page, which QEMU aligns to 1 MiB. */
const HEADER_AREA_BYTES = 1024 * 1024;
const SUPPORTED_VERSION = 1;

/**
 * Finds the RAM block `blockName` in the head of a migration file.
 * @throws `template-invalid` when it is not there exactly once or not as this version of the format lays it out.
 */
export function parseMemoryRegion(head: Buffer, blockName: string, memoryBytes: number): MemoryRegion {
  const marker = blockMarker(blockName, memoryBytes);
  const at = head.indexOf(marker);
  if (at < 0 || head.indexOf(marker, at + 1) >= 0) {
    throw berthError(
      'template-invalid',
      `the saved state does not name the memory block "${blockName}" exactly once`,
    );
  }
  // MappedRamHeader, packed and big-endian: u32 version, u64 page_size, u64 bitmap_offset, u64 pages_offset.
  const header = at + marker.length;
  if (head.length < header + 28)
    throw berthError('template-invalid', 'the saved state ends within its memory header');
  const version = head.readUInt32BE(header);
  const pageBytes = Number(head.readBigUInt64BE(header + 4));
  const bitmapOffset = Number(head.readBigUInt64BE(header + 12));
  const memoryOffset = Number(head.readBigUInt64BE(header + 20));
  if (version !== SUPPORTED_VERSION || pageBytes !== PAGE_BYTES || memoryOffset % PAGE_BYTES !== 0) {
    throw berthError(
      'template-invalid',
      `the saved state uses mapped-ram version ${version} with pages of ${pageBytes} bytes; version 1 with 4096 is supported`,
    );
  }
  return {
    bitmapOffset,
    bitmapBytes: Math.ceil(memoryBytes / PAGE_BYTES / 64) * 8,
    memoryOffset,
    memoryBytes,
  };
}

/** Makes a migration file ready to be mapped by forks. Calling it again changes nothing. `findData` is for tests. */
export async function prepareForMapping(
  path: string,
  blockName: string,
  memoryBytes: number,
  findData: typeof dataExtents = dataExtents,
): Promise<MemoryRegion> {
  const region = parseMemoryRegion(await readAt(path, 0, HEADER_AREA_BYTES), blockName, memoryBytes);
  const { bitmapOffset, bitmapBytes, memoryOffset } = region;
  const bitmap = await readAt(path, bitmapOffset, bitmapBytes);
  // It was prepared before: by an empty bitmap all of its memory would be left out.
  if (bitmap.every((byte) => byte === 0)) return region;
  const stale = stalePages(bitmap, region, await findData(path, memoryOffset));
  await writeZeros(path, [...stale, { offset: bitmapOffset, length: bitmapBytes }]);
  return region;
}

function blockMarker(blockName: string, memoryBytes: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(memoryBytes));
  return Buffer.concat([Buffer.from([blockName.length]), Buffer.from(blockName, 'ascii'), size]);
}
