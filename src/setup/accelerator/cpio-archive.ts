/** One entry of an archive; paths have no leading slash. */
export interface CpioEntry {
  readonly path: string;
  /** File type and permission bits, as in `st_mode`. */
  readonly mode: number;
  readonly data?: Buffer;
  /** Numbers of a device node. */
  readonly device?: { major: number; minor: number };
}

/** An archive in the `newc` format, which Linux unpacks as an initramfs (`Documentation/driver-api/early-userspace/buffer-format.rst`). */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.map((entry, index) => packEntry(entry, index + 1));
  parts.push(packEntry({ path: 'TRAILER!!!', mode: 0 }, 0));
  return Buffer.concat(parts);
}

function packEntry(entry: CpioEntry, inode: number): Buffer {
  const data = entry.data ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`, 'latin1');
  const { major = 0, minor = 0 } = entry.device ?? {};
  const fields = [inode, entry.mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = Buffer.from(
    `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
    'latin1',
  );
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(data)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
