import { berthError } from '../../errors/index.ts';
import { readAt } from '../../host/index.ts';

const MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
const FIRST_WITH_FEATURES = 3;
/** Bit 2 of the incompatible features: the data is in a file that the header names. */
const EXTERNAL_DATA = 0x4n;
/** QEMU's own limit for the name of a backing file. */
const LONGEST_NAME = 1023;

/** What the header of a layer leads to beside the layer itself. */
export interface LayerHeader {
  /** Name of the file that it stands on; absent where it stands alone. */
  readonly backing?: string;
  readonly hasExternalData: boolean;
}

/**
 * Reads the header of a qcow2 file (QEMU `docs/interop/qcow2.rst`) without any of QEMU's tools: those would open what it names, and it may have been written by a
 * machine that somebody has taken over. Throws `image-corrupt` when it is none.
 */
export async function readLayerHeader(path: string): Promise<LayerHeader> {
  const header = await readAt(path, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC)
    throw corrupt(path, 'it is no qcow2 file');
  const features = header.readUInt32BE(4) >= FIRST_WITH_FEATURES ? header.readBigUInt64BE(72) : 0n;
  const hasExternalData = (features & EXTERNAL_DATA) !== 0n;
  const offset = header.readBigUInt64BE(8);
  const length = header.readUInt32BE(16);
  if (offset === 0n) return { hasExternalData };
  if (length > LONGEST_NAME || offset > 65_536n)
    throw corrupt(path, 'the name of what it stands on is not where it can be');
  return { hasExternalData, backing: (await readAt(path, Number(offset), length)).toString('utf8') };
}

/**
 * Checks that layers stand on each other, the last of them on `base` or on nothing, and that none leads anywhere else.
 * @throws `image-corrupt`
 */
export async function assertChain(layers: readonly string[], base: string | undefined): Promise<void> {
  for (const [index, path] of layers.entries()) {
    const { backing, hasExternalData } = await readLayerHeader(path);
    const below = layers[index + 1] ?? base;
    if (hasExternalData) throw corrupt(path, 'it keeps its data in another file');
    if (backing !== below)
      throw corrupt(path, `it stands on ${backing ?? 'nothing'} instead of ${below ?? 'nothing'}`);
  }
}

function corrupt(path: string, why: string): Error {
  return berthError('image-corrupt', `the disk layer ${path} is not used: ${why}`);
}
