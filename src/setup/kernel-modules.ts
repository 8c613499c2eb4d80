import { BerthError } from '../errors/index.ts';
import { findProgram, readText, run } from '../host/index.ts';

const MODULES = ['tun', 'veth', 'nf_tables', 'nft_chain_nat', 'nft_masq'];

/** Modules that the host's CPU flags call for, besides those of the network. */
export function wantedModules(cpuFlags: ReadonlySet<string>): string[] {
  const kvm = cpuFlags.has('vmx') ? ['kvm_intel'] : cpuFlags.has('svm') ? ['kvm_amd'] : [];
  return [...MODULES, ...kvm];
}

/** Flags of the first CPU in the text of `/proc/cpuinfo`. */
export function parseCpuFlags(text: string): ReadonlySet<string> {
  return new Set(/^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ') ?? []);
}

/** Flags of the host's CPU. */
export async function cpuFlags(): Promise<ReadonlySet<string>> {
  return parseCpuFlags((await readText('/proc/cpuinfo')) ?? '');
}

/**
 * Loads the kernel modules that are there. One that is missing is no error: it may be built in, and the doctor
 * tells when what it gives is missing.
 */
export async function loadKernelModules(signal?: AbortSignal): Promise<void> {
  if ((await findProgram('modprobe')) === undefined) return;
  for (const name of wantedModules(await cpuFlags())) {
    try {
      await run(['modprobe', '--quiet', name], signal === undefined ? {} : { signal });
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'command-failed') throw error;
    }
  }
}
