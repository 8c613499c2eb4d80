import { berthError } from '../../errors/index.ts';
import { run } from '../../host/index.ts';
import type { DiskVerdict } from '../hypervisor.ts';

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
  o: { readonly top: string; readonly base: string; readonly to: string; readonly sizeGib: number },
  signal: AbortSignal,
): Promise<void> {
  const size = String(o.sizeGib * GIBIBYTE);
  // An empty layer, based anew on what lies below all others: then it must hold itself what those in between held.
  await run(['qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-b', o.top, '-F', 'qcow2', o.to, size]);
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
    // The layer alone: what lies below it has a check of its own.
    const { exitCode, stdout } = await run(
      ['qemu-img', 'check', '-U', '-f', 'qcow2', '--output=json', path],
      { timeoutMs: CHECK_TIMEOUT_MS, signal, okExitCodes: [CORRUPT, LEAKS] },
    );
    if (exitCode !== CORRUPT) return { sound: true };
    const { corruptions } = JSON.parse(stdout) as { readonly corruptions?: number };
    return { sound: false, why: `${corruptions ?? 'some'} of its entries are wrong` };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw berthError('internal', String(error));
    return {
      sound: false,
      why: error.message.replace(/^qemu-img failed with exit code \d+: (qemu-img: )?/, ''),
    };
  }
}
