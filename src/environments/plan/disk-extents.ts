import type { DiskExtent } from '../../hypervisor/index.ts';

/** How many layers at the top of a chain another chain has not; all where they have none in common. */
export function layersAbove(chain: readonly string[], other: readonly string[]): number {
  const known = new Set(other);
  const common = chain.findIndex((layer) => known.has(layer));
  return common === -1 ? chain.length : common;
}

/** Bytes that at least one of the extents covers. */
export function coveredBytes(extents: readonly DiskExtent[]): number {
  let end = 0;
  let bytes = 0;
  for (const { offset, length } of extents.toSorted((a, b) => a.offset - b.offset)) {
    const from = Math.max(offset, end);
    end = Math.max(end, offset + length);
    bytes += Math.max(0, end - from);
  }
  return bytes;
}
