import { crc32 } from 'node:zlib';

/** Checksum of one document with all that belongs to it. */
export function sumOfRow(collection: string, key: string, version: number, value: string): number {
  return crc32([collection, key, version, value].join('\0'));
}
