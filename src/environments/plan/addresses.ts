/** Addresses are `127.88.x.y`; `x.0` and `x.255` are left out because some programs take them for networks. */
const BLOCKS = 256;
const FIRST = 1;
const LAST = 254;

/** How many there are. */
export const ADDRESS_COUNT = BLOCKS * (LAST - FIRST + 1);

/**
 * The first loopback address for an environment that is not in `taken`, from `127.88.firstBlock.1` on and round;
 * undefined when there is none left.
 */
export function freeAddress(taken: ReadonlySet<string>, firstBlock = 0): string | undefined {
  for (let step = 0; step < BLOCKS; step++) {
    const block = (firstBlock + step) % BLOCKS;
    for (let last = FIRST; last <= LAST; last++) {
      const address = `127.88.${block}.${last}`;
      if (!taken.has(address)) return address;
    }
  }
  return undefined;
}
