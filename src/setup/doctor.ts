import { join } from 'node:path';
import { asBerthError, BerthError } from '../errors/index.ts';
import type { Finding, HostReport } from '../model/index.ts';
import { type AcceleratorReport, probeAccelerator } from './accelerator/probe-accelerator.ts';
import { type Check, type CheckContext, fine, problem } from './check.ts';
import { checkCgroups } from './checks/cgroups.ts';
import { checkCpu } from './checks/cpu.ts';
import { checkDisk } from './checks/disk.ts';
import { checkHome } from './checks/home.ts';
import { checkKernel } from './checks/kernel.ts';
import { checkKvm } from './checks/kvm.ts';
import { checkMemory } from './checks/memory.ts';
import { checkMemoryMerging } from './checks/memory-merging.ts';
import { checkNftables } from './checks/nftables.ts';
import { checkQemu } from './checks/qemu.ts';
import { checkRoot } from './checks/root.ts';
import { checkScrub } from './checks/scrub.ts';
import { checkSystem } from './checks/system.ts';
import { checkTools } from './checks/tools.ts';
import { checkTun } from './checks/tun.ts';
import { DEFAULT_QEMU } from '../hypervisor/index.ts';

/** In the order in which they are shown. */
const CHECKS: readonly Check[] = [
  checkRoot,
  checkSystem,
  checkCpu,
  checkMemory,
  checkMemoryMerging,
  checkDisk,
  checkHome,
  checkScrub,
  checkKernel,
  checkNftables,
  checkTun,
  checkKvm,
  checkCgroups,
  checkTools('machine-tools'),
  checkTools('network-tools'),
  checkTools('build-tools'),
  checkTools('cache-tools'),
  checkTools('backup-tools'),
  checkQemu,
];

export interface DoctorOptions {
  /** BERTH_HOME. */
  home: string;
  /** Directory of the sockets. */
  run: string;
  /** Program name or path of QEMU, default `qemu-system-x86_64`. */
  qemuPath?: string;
  /** Kernel of a built guest image, to be booted by the accelerator's probe. */
  kernelPath?: string;
  /** Boot the probe guests again although their outcome on this run of the host is known. */
  probeAgain?: boolean;
  signal?: AbortSignal;
}

/** File below BERTH_HOME that keeps the outcome of the accelerator's probe. */
export function probeCacheFile(home: string): string {
  return join(home, 'accelerator.json');
}

/**
 * Looks at everything Berth needs of the host and changes nothing. Ends within the deadlines of the probe guests
 * (some 10 s each when they hang). Throws only when `signal` is aborted.
 */
export async function doctor(o: DoctorOptions): Promise<HostReport> {
  const context: CheckContext = { ...o, qemuPath: o.qemuPath ?? DEFAULT_QEMU };
  const looking = CHECKS.map((check) => runCheck(check, context));
  const probing = checkAccelerator(context, o.probeAgain === true);
  // Nothing may go on, or lie about, when this has ended by an abort.
  await Promise.allSettled([...looking, probing]);
  const [accelerator, finding] = await probing;
  const findings = [...(await Promise.all(looking)).flat(), finding];
  return { ok: findings.every(({ level }) => level !== 'error'), accelerator, findings };
}

/** A check that fails itself must not hide what the others found. */
async function runCheck(check: Check, context: CheckContext): Promise<readonly Finding[]> {
  try {
    return await check(context);
  } catch (error) {
    context.signal?.throwIfAborted();
    const message = `a check could not be done: ${asBerthError(error).message}`;
    return [problem('doctor', 'warning', message, 'run sudo ./berth host doctor')];
  }
}

async function checkAccelerator(
  context: CheckContext,
  force: boolean,
): Promise<[AcceleratorReport['accelerator'], Finding]> {
  try {
    const report = await probeAccelerator({ ...context, cacheFile: probeCacheFile(context.home), force });
    return [report.accelerator, describeAccelerator(report)];
  } catch (error) {
    context.signal?.throwIfAborted();
    if (!(error instanceof BerthError)) throw error;
    // What is wrong with QEMU itself is a finding of its own.
    return ['none', problem('accelerator', 'error', `no guest was started: ${error.message}`, error.remedy)];
  }
}

/** The outcome of the probe as a finding. */
export function describeAccelerator(report: AcceleratorReport): Finding {
  const { accelerator, reason = '', kernelProbed } = report;
  if (accelerator === 'kvm') {
    const proof = kernelProbed ? 'a boot sector and a Linux kernel' : 'a boot sector';
    return fine('accelerator', `KVM runs guests: ${proof} ran`);
  }
  if (accelerator === 'tcg') {
    const message = `guests are emulated, slower and without isolation by the processor, because KVM does not run them: ${reason}`;
    return problem('accelerator', 'warning', message, 'see the findings on the CPU and on /dev/kvm');
  }
  return problem(
    'accelerator',
    'error',
    `no guest runs: ${reason}`,
    'run sudo ./berth host setup, then this again',
  );
}
