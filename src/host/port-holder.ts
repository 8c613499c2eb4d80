import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { boundSockets } from './bound-sockets.ts';
import { listDirectory } from './files.ts';
import { commandLine } from './process-identity.ts';
import { readProcessStat } from './process-stat.ts';
import { addressesCollide } from './socket-table.ts';

/** Who has a port. */
export interface PortHolder {
  readonly pid: number;
  /** Name of its program. */
  readonly command: string;
}

/**
 * The process that listens on a port at this address or at all addresses; `undefined` when nobody does, or when
 * its owner cannot be seen (another user's without root, another pid namespace).
 */
export async function portHolder(
  address: string,
  port: number,
  protocol: 'tcp' | 'udp',
): Promise<PortHolder | undefined> {
  const inodes = new Set<string>();
  for (const socket of await boundSockets(protocol)) {
    if (socket.port === port && addressesCollide(socket.address, address)) inodes.add(socket.inode);
  }
  return inodes.size === 0 ? undefined : socketOwner(inodes);
}

async function socketOwner(inodes: ReadonlySet<string>): Promise<PortHolder | undefined> {
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const entry of await listDirectory('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await hasOpen(pid, links))) return { pid, command: programName(pid) };
  }
  return undefined;
}

async function hasOpen(pid: number, links: ReadonlySet<string>): Promise<boolean> {
  try {
    const directory = `/proc/${pid}/fd`;
    for (const name of await readdir(directory)) {
      const target = await readlink(`${directory}/${name}`).catch(() => '');
      if (links.has(target)) return true;
    }
  } catch {
    // It has ended meanwhile or belongs to somebody else.
  }
  return false;
}

/** The file name of its first argument; threads may rename the process, so `/proc/<pid>/stat` comes second. */
function programName(pid: number): string {
  const program = commandLine(pid)?.[0]?.split(' ')[0];
  const name = program === undefined ? '' : basename(program).replace(/:$/, '');
  return name === '' ? (readProcessStat(pid)?.command ?? 'unknown') : name;
}
