/** One row of `/proc/net/{tcp,tcp6,udp,udp6}`: a socket that can receive what is sent to a port. */
export interface BoundSocket {
  /** Dotted or colon notation, as `normalizeAddress` writes it. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const TCP_LISTEN = '0A';

/** Sockets of such a table: for TCP those that listen, for UDP those that are bound. */
export function parseSocketTable(text: string, protocol: 'tcp' | 'udp'): BoundSocket[] {
  const sockets: BoundSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local, , state, , , , , , inode] = fields;
    if (local === undefined || inode === undefined || inode === '0') continue;
    if (protocol === 'tcp' && state !== TCP_LISTEN) continue;
    const [address = '', port = ''] = local.split(':');
    sockets.push({ address: parseAddress(address), port: Number.parseInt(port, 16), inode });
  }
  return sockets;
}

/** The kernel prints each 32-bit word of an address in the machine's byte order (little-endian on x86 and arm64). */
function parseAddress(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    for (let at = 6; at >= 0; at -= 2) bytes.push(Number.parseInt(hex.slice(word + at, word + at + 2), 16));
  }
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  return normalizeAddress(groups.join(':'));
}

/** One spelling per address: the shortest of IPv6, IPv4 for an IPv4-mapped one. */
export function normalizeAddress(address: string): string {
  if (!address.includes(':')) return address;
  const { hostname } = new URL(`http://[${address}]/`);
  const short = hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short);
  if (mapped === null) return short;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

const WILDCARDS = ['0.0.0.0', '::'];

/** True when two sockets of one port cannot both be bound: the same address, or one of them has all addresses. */
export function addressesCollide(one: string, other: string): boolean {
  const [a, b] = [normalizeAddress(one), normalizeAddress(other)];
  return a === b || WILDCARDS.includes(a) || WILDCARDS.includes(b);
}
