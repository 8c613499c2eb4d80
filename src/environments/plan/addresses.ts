/** Addresses are `127.88.x.y`; `x.0` and `x.255` are left out because some programs take them for networks. */
const BLOCKS = 256;
const FIRST = 1;
const LAST = 254;

/** The lowest loopback address for an environment that is not in `taken`; undefined when there is none left. */
export function freeAddress(taken: ReadonlySet<string>): string | undefined {
  for (let block = 0; block < BLOCKS; block++) {
    for (let last = FIRST; last <= LAST; last++) {
      const address = `127.88.${block}.${last}`;
      if (!taken.has(address)) return address;
    }
  }
  return undefined;
}
