import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkHome } from '../../../src/setup/checks/home.ts';
import { judgeDisk } from '../../../src/setup/checks/disk.ts';
import { judgeMemory } from '../../../src/setup/checks/memory.ts';
import { checkQemu } from '../../../src/setup/checks/qemu.ts';
import { checkTools, judgeTools } from '../../../src/setup/checks/tools.ts';
import { isOpenToMachines } from '../../../src/setup/device-permissions.ts';
import { parseCpuFlags, wantedModules } from '../../../src/setup/kernel-modules.ts';
import { REQUIRED_PACKAGES } from '../../../src/setup/packages/required-packages.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const GIB = 1024 ** 3;

test('memory: enough, little, too little', () => {
  expect(judgeMemory({ totalBytes: 16 * GIB, availableBytes: 8 * GIB }).level).toBe('ok');
  expect(judgeMemory({ totalBytes: 16 * GIB, availableBytes: GIB }).level).toBe('warning');
  expect(judgeMemory({ totalBytes: 16 * GIB, availableBytes: GIB / 2 })).toMatchObject({
    level: 'error',
    message: '16 GiB of memory, 512 MiB available: one machine needs 768 MiB',
  });
});

test('disk: enough, little, too little', () => {
  expect(judgeDisk('/h', 50 * GIB).level).toBe('ok');
  expect(judgeDisk('/h', 5 * GIB).level).toBe('warning');
  expect(judgeDisk('/h', 2 * GIB)).toMatchObject({
    level: 'error',
    remedy: expect.stringMatching(/BERTH_HOME/) as unknown,
  });
});

test('home: a closed directory above it is named with the command that opens it', async () => {
  const directory = temporaryDirectory();
  const closed = join(directory, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o700);
  const home = join(closed, 'home');
  const [finding, ...others] = await checkHome({ home, run: '/run/berth', qemuPath: 'qemu' });
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ check: 'home', level: 'error' });
  expect(finding?.remedy).toContain(`sudo chmod o+x ${closed}`);
  chmodSync(closed, 0o711);
  expect(await checkHome({ home, run: '/run/berth', qemuPath: 'qemu' })).toMatchObject([{ level: 'ok' }]);
});

test('home: a file in the way and a path too long for sockets are both told', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  const findings = await checkHome({ home: file, run: `/${'x'.repeat(80)}`, qemuPath: 'qemu' });
  expect(findings.map(({ level, message }) => [level, message.slice(0, 20)])).toEqual([
    ['error', file.slice(0, 20)],
    ['error', 'the path /xxxxxxxxxx'],
  ]);
});

test('tools: what is missing is named with its use', () => {
  const missing = REQUIRED_PACKAGES.filter(({ name }) => name === 'nftables' || name === 'iproute2');
  expect(judgeTools('network-tools', missing)).toEqual({
    check: 'network-tools',
    level: 'error',
    message:
      'missing for networks: iproute2 (gives each environment a network of its own), ' +
      'nftables (keeps guests apart from the host and each other)',
    remedy: 'run sudo ./berth host setup',
  });
});

test('tools: programs are found by the path', async () => {
  const before = process.env.PATH;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  const directory = temporaryDirectory();
  for (const name of ['qemu-system-x86_64', 'qemu-img', 'setpriv', 'bwrap']) {
    writeFileSync(join(directory, name), '#!/bin/sh\n', { mode: 0o755 });
  }
  process.env.PATH = directory;
  const context = { home: '/h', run: '/r', qemuPath: 'qemu' };
  expect(await checkTools('machine-tools')(context)).toMatchObject([{ check: 'machine-tools', level: 'ok' }]);
});

test('QEMU: missing is an error with its remedy', async () => {
  const findings = await checkQemu({ home: '/h', run: '/r', qemuPath: 'berth-no-such-program' });
  expect(findings).toEqual([
    {
      check: 'qemu',
      level: 'error',
      message: 'berth-no-such-program is not installed',
      remedy: 'run sudo ./berth host setup',
    },
  ]);
});

test('devices: open to everybody or to a group, but not to root’s', () => {
  expect(isOpenToMachines({ mode: 0o666, gid: 0 })).toBe(true);
  expect(isOpenToMachines({ mode: 0o660, gid: 104 })).toBe(true);
  expect(isOpenToMachines({ mode: 0o660, gid: 0 })).toBe(false);
  expect(isOpenToMachines({ mode: 0o600, gid: 104 })).toBe(false);
});

test('kernel modules: those of the CPU besides those of the network', () => {
  const intel = parseCpuFlags('processor\t: 0\nflags\t\t: fpu vme vmx sse\nbogomips\t: 1\n');
  expect(intel.has('vmx')).toBe(true);
  expect(wantedModules(intel)).toContain('kvm_intel');
  expect(wantedModules(new Set(['svm']))).toContain('kvm_amd');
  expect(wantedModules(parseCpuFlags(''))).not.toContain('kvm_amd');
});
