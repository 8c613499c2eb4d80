import { release } from 'node:os';
import { permissions, readJson, readText, writeJson } from '../../host/index.ts';
import type { AcceleratorReport } from './probe-accelerator.ts';

interface CachedProbe {
  readonly key: string;
  readonly report: AcceleratorReport;
}

/** All that the outcome depends on: this run of the host, its kernel, QEMU, and who may open `/dev/kvm`. */
export async function probeKey(qemuVersion: string, kvmDevice: string): Promise<string> {
  const boot = (await readText('/proc/sys/kernel/random/boot_id')) ?? '';
  const kvm = await permissions(kvmDevice);
  const device = kvm === undefined ? 'none' : `${kvm.mode.toString(8)}:${kvm.uid}:${kvm.gid}`;
  return [boot.trim(), release(), qemuVersion, device].join(' ');
}

/** An earlier outcome for the same key; one without a kernel does not serve when a kernel can be booted now. */
export async function readProbe(
  path: string,
  key: string,
  needsKernel: boolean,
): Promise<AcceleratorReport | undefined> {
  // A cache that cannot be read is no cache.
  const cached = await readJson<CachedProbe>(path).catch(() => undefined);
  if (cached?.key !== key || typeof cached.report?.accelerator !== 'string') return undefined;
  return needsKernel && !cached.report.kernelProbed ? undefined : cached.report;
}

/** Keeps an outcome; where that is not allowed the next probe is slower, no more. */
export async function writeProbe(path: string, key: string, report: AcceleratorReport): Promise<void> {
  await writeJson(path, { key, report } satisfies CachedProbe).catch(() => undefined);
}
