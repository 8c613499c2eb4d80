import { dirname } from 'node:path';
import { permissions, run } from '../../host/index.ts';
import type { DiskExtent } from '../hypervisor.ts';

/** What a program may take that reads an image a guest has written: a damaged one must not take the host along. */
const LIMITS = ['--core=0', `--as=${4 * 1024 ** 3}`, '--nofile=256'];

const NOBODY = 65_534;

export interface DiskToolOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Exit codes besides 0 that are no error. */
  readonly okExitCodes?: readonly number[];
  /** Processor time, in seconds. */
  readonly cpuSeconds?: number;
  /** Gives way to everything else on the host. */
  readonly background?: boolean;
}

/**
 * Runs one of QEMU's disk tools on a machine's disk as that machine's own user, without any privilege: its content comes from a guest, and
 * its header from a process that the guest may have taken over. Gives what it printed.
 */
export async function diskTool(
  diskPath: string,
  argv: readonly string[],
  { cpuSeconds = 60, ...o }: DiskToolOptions = {},
): Promise<string> {
  const owner = await permissions(dirname(diskPath));
  const { uid, gid } = owner ?? { uid: NOBODY, gid: NOBODY };
  // What nobody writes to any more is root's, and all machines may read it.
  const identity = [`--reuid=${uid === 0 ? NOBODY : uid}`, `--regid=${gid}`, '--clear-groups'];
  const privileges = [...identity, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const limits = ['prlimit', ...LIMITS, `--cpu=${cpuSeconds}`, '--'];
  const { stdout } = await run(['setpriv', ...privileges, '--', ...limits, ...argv], o);
  return stdout;
}

/** Bytes of a disk as its guest sees them; no machine runs on it. */
export async function readDisk(
  path: string,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
): Promise<Buffer> {
  const command = `read -v ${offset} ${bytes}`;
  const text = await diskTool(path, ['qemu-io', '-r', '-f', 'qcow2', '-c', command, path]);
  return Buffer.from(bytesIn(text));
}

/** The hexadecimal part of what `qemu-io`'s `read -v` prints: `00000400:  53 ef 01 …  S...`. */
export function bytesIn(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const match = /^[0-9a-f]{8,}: {2}((?:[0-9a-f]{2} ){1,16})/.exec(line);
    return (
      match?.[1]
        ?.trim()
        .split(' ')
        .map((byte) => Number.parseInt(byte, 16)) ?? []
    );
  });
}

/** What a layer stands on, as its header says. */
export async function backingOf(path: string): Promise<string | undefined> {
  const text = await diskTool(path, ['qemu-img', 'info', '-U', '-f', 'qcow2', '--output=json', path]);
  const { 'full-backing-filename': full, 'backing-filename': name } = JSON.parse(text) as Record<
    string,
    unknown
  >;
  return [full, name].find((one) => typeof one === 'string');
}

/** A copy takes as long as its data; this is against one that hangs. */
const MERGE_TIMEOUT_MS = 3_600_000;
const MERGE_CPU_SECONDS = 3_600;

/** Copies into a layer what those between it and `basePath` hold, and has it stand on that. */
export async function mergeDisk(
  path: string,
  basePath: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const argv = ['qemu-img', 'rebase', '-q', '-f', 'qcow2', '-b', basePath, '-F', 'qcow2', path];
  const limits = { timeoutMs: MERGE_TIMEOUT_MS, cpuSeconds: MERGE_CPU_SECONDS };
  await diskTool(path, argv, { ...limits, signal, background: true });
}

const MAP_TIMEOUT_MS = 60_000;

/** Where a disk has what its uppermost layers hold; of one that a machine writes to, about. */
export async function extentsOf(path: string, layers: number): Promise<DiskExtent[]> {
  const argv = ['qemu-img', 'map', '-U', '-f', 'qcow2', '--output=json', path];
  const parts = JSON.parse(await diskTool(path, argv, { timeoutMs: MAP_TIMEOUT_MS })) as readonly MapPart[];
  return parts
    .filter(({ present, depth }) => present !== false && depth < layers)
    .map(({ start, length }) => ({ offset: start, length }));
}

/** A line of `qemu-img map`, as far as Berth reads it. */
interface MapPart {
  readonly start: number;
  readonly length: number;
  /** How many layers lie above the one that has it. */
  readonly depth: number;
  /** False where no layer has it. */
  readonly present?: boolean;
}
