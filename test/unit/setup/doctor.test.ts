import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isRoot } from '../../../src/host/index.ts';
import { describeAccelerator } from '../../../src/setup/doctor.ts';
import { doctor, setup } from '../../../src/setup/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('without QEMU the host is not usable, every complaint has a remedy, and nothing is made', async () => {
  const home = join(temporaryDirectory(), 'home');
  const report = await doctor({ home, run: join(home, 'run'), qemuPath: 'berth-no-such-program' });
  expect(report.ok).toBe(false);
  expect(report.accelerator).toBe('none');
  const complaints = report.findings.filter(({ level }) => level !== 'ok');
  expect(complaints.map(({ check }) => check)).toEqual(expect.arrayContaining(['qemu', 'accelerator']));
  expect(complaints.every(({ remedy }) => remedy !== undefined && remedy.length > 0)).toBe(true);
  expect(report.findings.filter(({ level, remedy }) => level === 'ok' && remedy !== undefined)).toEqual([]);
  expect(existsSync(home)).toBe(false);
});

test('each thing is looked at', async () => {
  const home = temporaryDirectory();
  const qemuPath = join(home, 'qemu');
  writeFileSync(qemuPath, '#!/bin/sh\necho QEMU emulator version 10.0.2\n', { mode: 0o755 });
  const { findings } = await doctor({ home, run: '/run/berth', qemuPath });
  const checks = new Set(findings.map(({ check }) => check));
  const expected = ['root', 'system', 'cpu', 'memory', 'disk', 'home', 'kernel', 'tun', 'kvm', 'cgroups'];
  for (const check of [...expected, 'machine-tools', 'network-tools', 'build-tools', 'qemu', 'accelerator']) {
    expect(checks).toContain(check);
  }
});

test('ends when it is cancelled, and leaves nothing behind', async () => {
  const controller = new AbortController();
  const home = temporaryDirectory();
  const qemuPath = join(home, 'qemu');
  writeFileSync(
    qemuPath,
    '#!/bin/sh\n[ "$1" = --version ] && echo QEMU emulator version 10.0.2 || exec sleep 600\n',
    { mode: 0o755 },
  );
  const directory = temporaryDirectory();
  const before = process.env.TMPDIR;
  process.env.TMPDIR = directory;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  const looking = doctor({ home, run: '/r', qemuPath, signal: controller.signal });
  controller.abort();
  await expect(looking).rejects.toThrow();
  expect(readdirSync(directory)).toEqual([]);
});

test('the accelerator’s finding tells what was proved', () => {
  expect(describeAccelerator({ accelerator: 'kvm', kernelProbed: true }).message).toContain('a Linux kernel');
  expect(describeAccelerator({ accelerator: 'kvm', kernelProbed: false }).message).toBe(
    'KVM runs guests: a boot sector ran',
  );
  expect(describeAccelerator({ accelerator: 'tcg', kernelProbed: true, reason: 'it hangs' })).toMatchObject({
    level: 'warning',
  });
  expect(describeAccelerator({ accelerator: 'none', kernelProbed: true, reason: 'x' })).toMatchObject({
    level: 'error',
  });
});

test.runIf(!isRoot())('setup asks for root before it does anything', async () => {
  const home = join(temporaryDirectory(), 'home');
  await expect(setup({ home, env: {} }, { onStep: () => undefined })).rejects.toMatchObject({
    code: 'not-root',
  });
  expect(existsSync(home)).toBe(false);
});
