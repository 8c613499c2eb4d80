/** How full a guest's disk is, in bytes. */
export interface DiskUse {
  readonly usedBytes: number;
  readonly availableBytes: number;
}

const MEBIBYTE = 1024 ** 2;
/** So much of a disk should be left, within the bounds below. */
const WANTED_SHARE = 0.1;
const LEAST_WANTED_BYTES = 128 * MEBIBYTE;
const MOST_WANTED_BYTES = 2048 * MEBIBYTE;
/** A disk is no longer nearly full only once clearly more than that is left, so that it is not told again and again. */
const RELIEF = 1.25;
const LEAST_WRITES_BYTES = 32 * MEBIBYTE;

/** True when so little is left that somebody should be told. */
export function isNearlyFull({ usedBytes, availableBytes }: DiskUse, wasNearlyFull: boolean): boolean {
  const share = (usedBytes + availableBytes) * WANTED_SHARE;
  const wanted = Math.min(MOST_WANTED_BYTES, Math.max(LEAST_WANTED_BYTES, share));
  return availableBytes < (wasNearlyFull ? wanted * RELIEF : wanted);
}

/**
 * How much a guest may write before it is asked again how full its disk is. What it has not written it cannot have filled, so a guest that writes
 * little is left alone, and one that writes much is asked several times before its disk is full.
 */
export function writesUntilNextLook(availableBytes: number): number {
  return Math.max(LEAST_WRITES_BYTES, Math.floor(availableBytes / 4));
}
