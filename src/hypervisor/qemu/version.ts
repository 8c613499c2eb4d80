import { BerthError, berthError } from '../../errors/index.ts';
import { run } from '../../host/index.ts';
import type { HypervisorVersion } from '../hypervisor.ts';
import { hardwareOf } from './argv.ts';

/** The QEMU that Debian installs. */
export const DEFAULT_QEMU = 'qemu-system-x86_64';

/** Saved states that forks can map (`mapped-ram`) came with 9.0. */
const OLDEST_MAJOR = 9;
const ANSWER_TIMEOUT_MS = 15_000;

/** Version of QEMU, and the versioned name behind the alias `q35`. @throws `qemu-missing`, `qemu-too-old` */
export async function readHypervisorVersion(qemuPath: string): Promise<HypervisorVersion> {
  const version = await readQemuVersion(qemuPath);
  const machineType = parseMachineAlias(await ask(qemuPath, '-machine', 'help'), 'q35');
  if (machineType === undefined)
    throw berthError('qemu-missing', `QEMU ${version} knows no machine type q35`);
  return { version, machineType, hardware: hardwareOf(machineType) };
}

/** Version of QEMU. @throws `qemu-missing`, or `qemu-too-old` below 9.0 */
export async function readQemuVersion(qemuPath: string): Promise<string> {
  const version = parseQemuVersion(await ask(qemuPath, '--version'));
  if (version === undefined) throw berthError('qemu-missing', `${qemuPath} --version names no version`);
  if (Number(version.split('.')[0]) < OLDEST_MAJOR) {
    throw berthError('qemu-too-old', `QEMU ${version} is installed; ${OLDEST_MAJOR}.0 or newer is needed`);
  }
  return version;
}

async function ask(qemuPath: string, ...words: string[]): Promise<string> {
  try {
    return (await run([qemuPath, ...words], { timeoutMs: ANSWER_TIMEOUT_MS })).stdout;
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'tool-missing') throw error;
    throw berthError('qemu-missing', `${qemuPath} is not installed`, { cause: error });
  }
}

/** `QEMU emulator version 10.0.2 (Debian …)` → `10.0.2`. */
export function parseQemuVersion(text: string): string | undefined {
  return /QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

/** Finds `q35  Standard PC … (alias of pc-q35-10.0)` in QEMU's list of machine types. */
export function parseMachineAlias(text: string, alias: string): string | undefined {
  for (const line of text.split('\n')) {
    const match = /^(\S+)\s.*\(alias of (\S+)\)/.exec(line);
    if (match?.[1] === alias) return match[2];
  }
  return undefined;
}
