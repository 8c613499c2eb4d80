import { BerthError, berthError } from '../errors/index.ts';
import { run } from '../host/index.ts';

/** The QEMU that Debian installs. */
export const DEFAULT_QEMU = 'qemu-system-x86_64';

/** Saved states that forks can map came with 9.0. */
const OLDEST_MAJOR = 9;

/** `QEMU emulator version 10.0.2 (Debian …)` → `10.0.2`. */
export function parseQemuVersion(text: string): string | undefined {
  return /QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

/** Version of QEMU. Throws `qemu-missing`, or `qemu-too-old` below 9.0. */
export async function readQemuVersion(qemuPath: string): Promise<string> {
  const version = parseQemuVersion(await askVersion(qemuPath));
  if (version === undefined) throw berthError('qemu-missing', `${qemuPath} --version names no version`);
  if (Number(version.split('.')[0]) < OLDEST_MAJOR) {
    throw berthError('qemu-too-old', `QEMU ${version} is installed; ${OLDEST_MAJOR}.0 or newer is needed`);
  }
  return version;
}

async function askVersion(qemuPath: string): Promise<string> {
  try {
    return (await run([qemuPath, '--version'], { timeoutMs: 15_000 })).stdout;
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'tool-missing') throw error;
    throw berthError('qemu-missing', `${qemuPath} is not installed`, { cause: error });
  }
}
