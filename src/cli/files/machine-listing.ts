import type { Client } from '../../client/index.ts';
import { type FileEntry, type FileKind, isCleanPath } from '../../files/index.ts';
import { assertGood, runInMachine } from './machine-command.ts';

const KINDS: Readonly<Record<string, FileKind>> = { f: 'file', d: 'directory', l: 'link' };
const FORMAT = String.raw`%y %m %U %G %s %T@\0%p\0%l\0`;

/** Lists what a machine has in directories, by `find`. Sockets and the like are left out. */
export async function listMachine(
  client: Client,
  environment: string,
  roots: readonly string[],
): Promise<ReadonlyMap<string, FileEntry>> {
  const outcome = await runInMachine(client, environment, ['find', ...roots, '-printf', FORMAT]);
  assertGood(outcome);
  return readListing(outcome.stdout);
}

/** Reads the output of `find` with the format above; lines that make no sense are passed over. */
export function readListing(text: string): ReadonlyMap<string, FileEntry> {
  const entries = new Map<string, FileEntry>();
  const fields = text.split('\0');
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [letter = '', mode = '', uid, gid, size, time = ''] = (fields[at] ?? '').split(' ');
    const path = fields[at + 1] ?? '';
    const kind = Object.hasOwn(KINDS, letter) ? KINDS[letter] : undefined;
    if (kind === undefined || !isCleanPath(path)) continue;
    const common = { path, kind, mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid) };
    const sizeBytes = kind === 'file' ? Number(size) : 0;
    const target = kind === 'link' ? { target: fields[at + 2] ?? '' } : {};
    entries.set(path, { ...common, sizeBytes, mtimeUs: microseconds(time), ...target });
  }
  return entries;
}

/** `1700000000.1234567890` without the detour over a floating point number, which is too short for it. */
function microseconds(time: string): number {
  const [seconds = '0', fraction = ''] = time.split('.');
  return Number(seconds) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}
