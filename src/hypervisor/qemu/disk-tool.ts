import { dirname } from 'node:path';
import { permissions, run } from '../../host/index.ts';

/** What a program may take that reads an image a guest has written: a damaged one must not take the host along. */
const LIMITS = ['--core=0', `--as=${4 * 1024 ** 3}`, '--nofile=256'];

export interface DiskToolOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
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
  const { uid, gid } = owner ?? { uid: 65_534, gid: 65_534 };
  const identity = uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
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
