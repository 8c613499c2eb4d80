import { dirname } from 'node:path';
import { asBerthError } from '../../errors/index.ts';
import { permissions, run } from '../../host/index.ts';
import type { DiskVerdict } from '../hypervisor.ts';
import { diskTool } from './disk-tool.ts';
import { assertChain, readLayerHeader } from './layer-header.ts';

/** Disks may be large, and slow. */
const LONG_TIMEOUT_MS = 24 * 3_600_000;
const CHECK_TIMEOUT_MS = 10 * 60_000;
/** What takes long ends with this process, and does not go on reading a disk that somebody starts. */
const WITH_US = ['setpriv', '--pdeathsig', 'KILL'];
const GIBIBYTE = 1024 ** 3;
/** Exit codes of `qemu-img check`: 2 corrupt, 3 nothing but clusters that nobody uses. */
const CORRUPT = 2;
const LEAKS = 3;

/**
 * Writes what the layers of a disk hold above `base` into one new layer over it. The layers must not change meanwhile; `qemu-img` refuses where
 * a machine writes to the topmost.
 */
export async function copyLayers(
  o: {
    readonly layers: readonly string[];
    readonly base: string;
    readonly to: string;
    readonly sizeGib: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const [top = o.base] = o.layers;
  await assertChain(o.layers, o.base);
  const size = String(o.sizeGib * GIBIBYTE);
  // An empty layer, based anew on what lies below all others: then it must hold itself what those in between held.
  await run(['qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-b', top, '-F', 'qcow2', o.to, size]);
  await run([...WITH_US, 'qemu-img', 'rebase', '-q', '-f', 'qcow2', '-b', o.base, '-F', 'raw', o.to], {
    timeoutMs: LONG_TIMEOUT_MS,
    signal,
  });
}

/** Notes in a layer that the same base lies elsewhere now. */
export async function moveBase(path: string, base: string): Promise<void> {
  await run(['qemu-img', 'rebase', '-q', '-u', '-f', 'qcow2', '-b', base, '-F', 'raw', path]);
}

/** Writes a disk in another format; empty parts stay empty. */
export async function convertDisk(
  from: { readonly path: string; readonly format: 'raw' | 'qcow2' },
  to: { readonly path: string; readonly format: 'raw' | 'qcow2' },
  signal: AbortSignal,
): Promise<void> {
  if (from.format === 'qcow2') await assertChain([from.path], undefined);
  await run(
    [...WITH_US, 'qemu-img', 'convert', '-q', '-f', from.format, '-O', to.format, from.path, to.path],
    {
      timeoutMs: LONG_TIMEOUT_MS,
      signal,
    },
  );
}

/** Looks whether a layer's own books are right: where each part of the disk lies in the file. Changes nothing. */
export async function checkDisk(path: string, signal: AbortSignal): Promise<DiskVerdict> {
  try {
    const { hasExternalData } = await readLayerHeader(path);
    if (hasExternalData) return { sound: false, why: 'it keeps its data in another file' };
    const { corruptions = 0 } = JSON.parse(await checked(path, signal)) as { readonly corruptions?: number };
    return corruptions === 0
      ? { sound: true }
      : { sound: false, why: `${corruptions} of its entries are wrong` };
  } catch (error) {
    signal.throwIfAborted();
    return {
      sound: false,
      why: asBerthError(error).message.replace(/^\w+ failed with exit code \d+: (qemu-img: )?/, ''),
    };
  }
}

/** The layer alone: what lies below it has a check of its own. */
async function checked(path: string, signal: AbortSignal): Promise<string> {
  const argv = ['qemu-img', 'check', '-U', '-f', 'qcow2', '--output=json', path];
  const o = { timeoutMs: CHECK_TIMEOUT_MS, signal, okExitCodes: [CORRUPT, LEAKS] };
  const owner = await permissions(dirname(path));
  // What only root can enter nobody else can look at.
  if (owner?.uid === 0 && owner.gid === 0) return (await run(argv, o)).stdout;
  return diskTool(path, argv, { ...o, cpuSeconds: CHECK_TIMEOUT_MS / 1000 });
}
