import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRoot } from '../../../src/host/index.ts';
import { type ProbeOptions, probeAccelerator, requireAccelerator } from '../../../src/setup/index.ts';
import { MARKER } from '../../../src/setup/accelerator/probe-guest.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const VERSION = 'QEMU emulator version 10.0.2 (Debian)';

/** A program that behaves as QEMU does for a guest that runs, hangs or dies, according to its command line. */
interface Imitation {
  version?: string;
  /** Shell lines for a boot sector under KVM, a kernel under KVM, and emulation. */
  kvmSector?: string;
  kvmKernel?: string;
  tcg?: string;
}

const RUNS = `echo 'SeaBIOS'; echo '${MARKER}'; exit 33`;
const RUNS_ON = `echo '${MARKER}'; exec sleep 600`;
const HANGS = 'exec sleep 600';
const DIES = "echo 'qemu-system-x86_64: failed to set MSR' >&2; exit 1";

function options(imitation: Imitation): ProbeOptions & { log: string; directory: string } {
  const directory = temporaryDirectory();
  const log = join(directory, 'log');
  const { version = VERSION, kvmSector = RUNS, kvmKernel = RUNS_ON, tcg = RUNS } = imitation;
  const script = `#!/bin/sh
case "$*" in
--version) echo '${version}' ;;
*"-accel kvm"*"-kernel"*) echo kvm-kernel >> ${log}; ${kvmKernel} ;;
*"-accel kvm"*) echo kvm-sector >> ${log}; ${kvmSector} ;;
*) echo tcg >> ${log}; ${tcg} ;;
esac
`;
  const qemuPath = join(directory, 'qemu');
  writeFileSync(qemuPath, script, { mode: 0o755 });
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  const kvmDevice = join(directory, 'kvm');
  writeFileSync(kvmDevice, '');
  chmodSync(kvmDevice, 0o666);
  const kernelPath = join(directory, 'vmlinuz');
  return {
    qemuPath,
    log,
    directory,
    kvmDevice,
    kernelPath,
    cacheFile: join(directory, 'cache'),
    deadlineMs: 20_000,
  };
}

function attempts(o: { log: string }): string[] {
  return readFileSync(o.log, 'utf8').trim().split('\n');
}

test('KVM, when a boot sector and a kernel run', async () => {
  const o = options({});
  expect(await probeAccelerator(o)).toEqual({ accelerator: 'kvm', kernelProbed: true });
  expect(attempts(o)).toEqual(['kvm-sector', 'kvm-kernel']);
});

test('emulation, when a boot sector runs under KVM but a kernel hangs', async () => {
  const o = { ...options({ kvmKernel: HANGS }), deadlineMs: 1_000 };
  expect(await probeAccelerator(o)).toEqual({
    accelerator: 'tcg',
    reason: 'a Linux kernel did not run: the guest gave no sign of life within 1 s',
    kernelProbed: true,
  });
  expect(attempts(o)).toEqual(['kvm-sector', 'kvm-kernel', 'tcg']);
});

test('emulation, when QEMU dies under KVM, with its words', async () => {
  const o = options({ kvmSector: DIES });
  const report = await probeAccelerator(o);
  expect(report.accelerator).toBe('tcg');
  expect(report.reason).toMatch(/boot sector did not run: .*failed with exit code 1: failed to set MSR/);
});

test('emulation, without a device', async () => {
  const o = { ...options({}), kvmDevice: '/no/such/device' };
  expect(await probeAccelerator(o)).toMatchObject({ accelerator: 'tcg', reason: 'there is no /dev/kvm' });
});

test.runIf(isRoot())('emulation, when only root may open the device', async () => {
  const o = options({});
  chmodSync(o.kvmDevice ?? '', 0o600);
  expect(await probeAccelerator(o)).toMatchObject({
    accelerator: 'tcg',
    reason: 'machines may not open /dev/kvm',
  });
});

test.runIf(isRoot())(
  'a device that is open to a group is opened as a member of it, and the group is told',
  async () => {
    const member = 'id -G | grep -qw 4242 || exit 1';
    const o = options({ kvmSector: `${member}; ${RUNS}` });
    chownSync(o.kvmDevice ?? '', 0, 4242);
    chmodSync(o.kvmDevice ?? '', 0o660);
    expect(await probeAccelerator(o)).toEqual({ accelerator: 'kvm', kernelProbed: true, kvmGid: 4242 });
  },
);

test('a success exit code without a sign of life is no success', async () => {
  const o = options({ kvmSector: 'exit 33' });
  expect(await probeAccelerator(o)).toMatchObject({
    accelerator: 'tcg',
    reason: 'a boot sector did not run: the guest ended without a sign of life',
  });
});

test('the outcome is remembered, also that KVM hangs', async () => {
  const o = { ...options({ kvmSector: HANGS }), deadlineMs: 500 };
  const first = await probeAccelerator(o);
  expect(await probeAccelerator(o)).toEqual(first);
  expect(attempts(o)).toEqual(['kvm-sector', 'tcg']);
  await probeAccelerator({ ...o, force: true });
  expect(attempts(o)).toHaveLength(4);
});

test('an outcome without a kernel does not serve when there is a kernel; one with a kernel serves without', async () => {
  const { kernelPath, ...o } = options({});
  if (kernelPath === undefined) throw new Error('no kernel');
  const first = await probeAccelerator(o);
  await probeAccelerator({ ...o, kernelPath });
  // A host whose own kernel can be read had it booted the first time already.
  const expected = first.kernelProbed ? 2 : 3;
  expect(attempts(o)).toHaveLength(expected);
  await probeAccelerator(o);
  expect(attempts(o)).toHaveLength(expected);
});

test('another version of QEMU is probed anew, and so is a broken cache', async () => {
  const o = options({});
  await probeAccelerator(o);
  writeFileSync(o.qemuPath, readFileSync(o.qemuPath, 'utf8').replace('10.0.2', '10.1.0'), { mode: 0o755 });
  await probeAccelerator(o);
  expect(attempts(o)).toHaveLength(4);
  writeFileSync(o.cacheFile, '{"key":');
  await probeAccelerator(o);
  expect(attempts(o)).toHaveLength(6);
});

test('nothing runs: said, not remembered, and an error where a guest is needed', async () => {
  const o = { ...options({ kvmSector: DIES, tcg: DIES }), deadlineMs: 5_000 };
  expect(await probeAccelerator(o)).toMatchObject({ accelerator: 'none' });
  expect(existsSync(o.cacheFile)).toBe(false);
  await expect(requireAccelerator(o)).rejects.toMatchObject({ code: 'accelerator-none' });
});

test('a missing or too old QEMU is told apart from one that cannot run guests', async () => {
  const o = options({ version: 'QEMU emulator version 7.2.22 (Debian)' });
  await expect(probeAccelerator(o)).rejects.toMatchObject({ code: 'qemu-too-old' });
  await expect(probeAccelerator({ ...o, qemuPath: 'berth-no-such-program' })).rejects.toMatchObject({
    code: 'qemu-missing',
  });
});

test('can be cancelled', async () => {
  const o = options({ kvmSector: HANGS });
  const controller = new AbortController();
  const probing = probeAccelerator({ ...o, signal: controller.signal });
  controller.abort();
  await expect(probing).rejects.toThrow();
});
