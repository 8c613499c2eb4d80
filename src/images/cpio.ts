const MODE_FILE = 0o100000;
const MODE_DIRECTORY = 0o040000;
const BLOCK_BYTES = 512;
const TRAILER = 'TRAILER!!!';

/** One member of an initramfs; without `content` it is a directory. */
export interface CpioMember {
  /** Path without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content?: Uint8Array;
}

/**
 * An archive in the format that the kernel unpacks as its first root file system (`newc`, the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root, all times are zero:
 * the same members make the same bytes.
 */
export function cpioArchive(members: readonly CpioMember[]): Buffer {
  const parts = members.flatMap((member, index) => memberParts(member, index + 1));
  parts.push(...memberParts({ path: TRAILER, mode: 0 }, 0));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES));
  return Buffer.concat(parts);
}

function memberParts({ path, mode, content }: CpioMember, inode: number): Uint8Array[] {
  const kind = content === undefined ? MODE_DIRECTORY : MODE_FILE;
  const name = Buffer.from(`${path}\0`);
  const fields = [
    inode,
    path === TRAILER ? 0 : mode | kind,
    0, // uid
    0, // gid
    content === undefined ? 2 : 1, // links
    0, // time
    content?.length ?? 0,
    0, // device, major and minor
    0,
    0, // device of a special file, major and minor
    0,
    name.length,
    0, // checksum, not used by this format
  ];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  const data = content ?? new Uint8Array();
  return [header, name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
