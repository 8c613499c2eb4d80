import { release } from 'node:os';
import { join } from 'node:path';
import { berthError } from '../../errors/index.ts';
import {
  chmod,
  deviceProblem,
  isRoot,
  permissions,
  temporaryDirectory,
  writeAtomic,
} from '../../host/index.ts';
import { readQemuVersion } from '../../hypervisor/index.ts';
import { type BootResult, bootGuest } from './boot-guest.ts';
import { cpioArchive } from './cpio-archive.ts';
import { asUser, type ProbedAccelerator, type ProbeGuest, type ProbeUser, probeArgv } from './probe-argv.ts';
import { probeKey, readProbe, writeProbe } from './probe-cache.ts';
import { bootSectorDisk, probeInit } from './probe-guest.ts';

const DEFAULT_DEADLINE_MS = 10_000;
/** Beside the machines' users, so that a probe and a machine cannot touch each other. */
const PROBE_UID = 209_999;
const PROBE_GID = 210_000;
const KVM_PATH = '/dev/kvm';

/** What runs guests on this host, found out by running some. */
export interface AcceleratorReport {
  readonly accelerator: 'kvm' | 'tcg' | 'none';
  /** Why it is not KVM; absent when it is. */
  readonly reason?: string;
  /** True when a Linux kernel was booted to its first program, not only a boot sector, or KVM failed before that. */
  readonly kernelProbed: boolean;
  /** Group a QEMU process must have to open `/dev/kvm`; absent when everybody may, or without KVM. */
  readonly kvmGid?: number;
}

export interface ProbeOptions {
  /** Program name or path of `qemu-system-x86_64`. */
  qemuPath: string;
  /** File that keeps the outcome for this run of the host. */
  cacheFile: string;
  /** How long each guest may take, in ms; default 10 000. */
  deadlineMs?: number;
  /**
   * Kernel to boot as well (`vmlinuz`), readable by everybody: a boot sector may run where a kernel hangs.
   * By default the host's own, where its file is there.
   */
  kernelPath?: string;
  /** Probe again although the outcome is known. */
  force?: boolean;
  /** Other than `/dev/kvm` only in tests. */
  kvmDevice?: string;
  signal?: AbortSignal;
}

/**
 * Boots tiny guests to find out what really runs them: a `/dev/kvm` that opens is no proof. KVM first, then
 * emulation. Throws `qemu-missing`, `qemu-too-old` or, when `signal` is aborted, its reason.
 */
export async function probeAccelerator(o: ProbeOptions): Promise<AcceleratorReport> {
  const key = await probeKey(await readQemuVersion(o.qemuPath), o.kvmDevice ?? KVM_PATH);
  const kernelPath = o.kernelPath ?? (await hostKernel());
  const known = o.force === true ? undefined : await readProbe(o.cacheFile, key, kernelPath !== undefined);
  if (known !== undefined) return known;
  const report = await probe(o, kernelPath);
  // A guest that does not even run emulated points to a passing trouble of the host: look again next time.
  if (report.accelerator !== 'none') await writeProbe(o.cacheFile, key, report);
  return report;
}

/** The same, as an error `accelerator-none` when nothing runs a guest. */
export async function requireAccelerator(
  o: ProbeOptions,
): Promise<AcceleratorReport & { accelerator: 'kvm' | 'tcg' }> {
  const report = await probeAccelerator(o);
  const { accelerator } = report;
  if (accelerator === 'none')
    throw berthError('accelerator-none', `no guest runs on this host: ${report.reason ?? ''}`);
  return { ...report, accelerator };
}

async function probe(o: ProbeOptions, kernelPath: string | undefined): Promise<AcceleratorReport> {
  o.signal?.throwIfAborted();
  await using directory = await temporaryDirectory();
  // The probes run as a user of their own.
  await chmod(directory.path, 0o755);
  const guests = await makeGuests(directory.path, kernelPath);
  const kvm = await tryKvm(o, guests);
  if (kvm.ran) {
    const { kvmGid } = await probeUser(o);
    return {
      accelerator: 'kvm',
      kernelProbed: guests.length > 1,
      ...(kvmGid === undefined ? {} : { kvmGid }),
    };
  }
  const tcg = await bootAll(o, 'tcg', guests.slice(0, 1));
  const kernelProbed = kernelPath !== undefined;
  if (tcg.ran) return { accelerator: 'tcg', reason: kvm.reason, kernelProbed };
  return { accelerator: 'none', reason: `KVM: ${kvm.reason}; emulation: ${tcg.reason}`, kernelProbed };
}

async function tryKvm(o: ProbeOptions, guests: readonly ProbeGuest[]): Promise<BootResult> {
  const problem = await deviceProblem(o.kvmDevice ?? KVM_PATH);
  if (problem === 'ENOENT') return { ran: false, reason: 'there is no /dev/kvm' };
  if (problem !== undefined) return { ran: false, reason: `/dev/kvm cannot be opened (${problem})` };
  if (isRoot() && !(await probeUser(o)).mayOpenKvm)
    return { ran: false, reason: 'machines may not open /dev/kvm' };
  return bootAll(o, 'kvm', guests);
}

async function bootAll(
  o: ProbeOptions,
  accelerator: ProbedAccelerator,
  guests: readonly ProbeGuest[],
): Promise<BootResult> {
  const user = await probeUser(o);
  for (const guest of guests) {
    const argv = probeArgv(o.qemuPath, accelerator, guest);
    const result = await bootGuest(isRoot() ? asUser(user, argv) : argv, {
      deadlineMs: o.deadlineMs ?? DEFAULT_DEADLINE_MS,
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    });
    const what = guest.kind === 'kernel' ? 'a Linux kernel' : 'a boot sector';
    if (!result.ran) return { ran: false, reason: `${what} did not run: ${result.reason}` };
  }
  return { ran: true };
}

async function makeGuests(directory: string, kernelPath: string | undefined): Promise<ProbeGuest[]> {
  const diskPath = join(directory, 'disk');
  await writeAtomic(diskPath, bootSectorDisk());
  const guests: ProbeGuest[] = [{ kind: 'boot-sector', diskPath }];
  if (kernelPath === undefined) return guests;
  const initrdPath = join(directory, 'initrd');
  const archive = cpioArchive([
    { path: 'dev', mode: 0o040755 },
    { path: 'dev/console', mode: 0o020600, device: { major: 5, minor: 1 } },
    { path: 'init', mode: 0o100755, data: probeInit() },
  ]);
  await writeAtomic(initrdPath, archive);
  return [...guests, { kind: 'kernel', kernelPath, initrdPath }];
}

/** The kernel that the host runs, as a file that everybody may read; `undefined` where there is none. */
async function hostKernel(): Promise<string | undefined> {
  const path = `/boot/vmlinuz-${release()}`;
  const found = await permissions(path);
  return found?.kind === 'file' && (found.mode & 0o004) !== 0 ? path : undefined;
}

/** A machine opens `/dev/kvm` by everybody's permission, or else as a member of the device's group. */
async function probeUser(o: ProbeOptions): Promise<ProbeUser & { mayOpenKvm: boolean }> {
  const kvm = await permissions(o.kvmDevice ?? KVM_PATH);
  const base = { uid: PROBE_UID, gid: PROBE_GID };
  if (kvm === undefined) return { ...base, mayOpenKvm: false };
  if ((kvm.mode & 0o006) === 0o006) return { ...base, mayOpenKvm: true };
  // The group of root itself would open more than this device.
  return (kvm.mode & 0o060) === 0o060 && kvm.gid !== 0
    ? { ...base, kvmGid: kvm.gid, mayOpenKvm: true }
    : { ...base, mayOpenKvm: false };
}
