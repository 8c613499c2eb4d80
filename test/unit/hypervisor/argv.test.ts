import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hardwareOf, type QemuInstallation, qemuArgv } from '../../../src/hypervisor/qemu/argv.ts';
import type { MachineSpec } from '../../../src/hypervisor/index.ts';

const installation = {
  qemuPath: '/usr/bin/qemu-system-x86_64',
  setprivPath: '/usr/bin/setpriv',
  machineType: 'pc-q35-10.0',
};

function specOf(change: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: 'env-0123456789ab',
    directory: '/home/environments/env-0123456789ab',
    vcpus: 2,
    memoryMib: 512,
    accelerator: 'tcg',
    diskPath: '/home/environments/env-0123456789ab/disk-0.qcow2',
    diskGib: 8,
    standsOn: ['/home/templates/tpl-1'],
    kernelPath: '/home/images/i/vmlinuz',
    initrdPath: '/home/images/i/initrd.img',
    kernelArguments: ['root=/dev/vda', 'quiet'],
    network: { namespace: 'berth-abcdef-7', tap: 'tap0', mac: '52:54:00:62:74:68' },
    uid: 210007,
    gid: 210000,
    start: { kind: 'boot' },
    ...change,
  };
}

/** Every value of an option, parsed where it is JSON. */
function valuesOf(argv: readonly string[], option: string): Record<string, unknown>[] {
  const texts = argv.filter((_word, index) => argv[index - 1] === option);
  return texts.map((text) => JSON.parse(text) as Record<string, unknown>);
}

/** What stands before QEMU in the command line. */
function confinementOf(change: Partial<MachineSpec> = {}, more: Partial<QemuInstallation> = {}): string[] {
  const argv = qemuArgv(specOf(change), { ...installation, ...more });
  return argv.slice(0, argv.lastIndexOf(installation.qemuPath));
}

/** Everything that a machine sees of the host's files, by how. */
function seenBy(argv: readonly string[]): Record<string, string[]> {
  const of = (option: string) =>
    argv.filter((_word, index) => argv[index - 2] === option && argv[index - 1] === argv[index]);
  return Object.fromEntries(['--bind', '--ro-bind', '--ro-bind-try', '--dev-bind'].map((o) => [o, of(o)]));
}

test('enters the network, gets limits and namespaces, drops every privilege, and only then runs QEMU', () => {
  const argv = confinementOf();
  const largest = String(8 * 1024 ** 3 + (8 * 1024 ** 3) / 64 + 256 * 1024 ** 2);
  expect(argv.slice(0, 13)).toEqual([
    ...['nsenter', '--net=/run/netns/berth-abcdef-7', '--'],
    ...['prlimit', '--nofile=4096:4096', `--fsize=${largest}:${largest}`, '--core=0:0', '--'],
    ...['bwrap', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--info-fd'],
  ]);
  const kept = argv.filter((_word, index) => argv[index - 1] === '--cap-add');
  expect([argv[argv.indexOf('--cap-drop') + 1], ...kept]).toEqual([
    ...['ALL', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'],
  ]);
  expect(argv.slice(argv.lastIndexOf('/usr/bin/setpriv'))).toEqual([
    '/usr/bin/setpriv',
    '--reuid=210007',
    '--regid=210000',
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
    '--',
  ]);
});

test('a machine sees its own directory, what it stands on, programs and devices, and nothing else', () => {
  const libraries = ['/usr/lib', '/usr/lib64', '/lib', '/lib64'];
  const firmware = ['/usr/share/qemu', '/usr/share/seabios', '/etc/ld.so.cache'];
  const seen = seenBy(confinementOf());
  expect(seen).toEqual({
    '--bind': ['/home/environments/env-0123456789ab'],
    '--ro-bind': ['/home/images/i', '/home/templates/tpl-1'],
    '--ro-bind-try': [...libraries, ...firmware, '/usr/bin/qemu-system-x86_64', '/usr/bin/setpriv'],
    '--dev-bind': ['/dev/null', '/dev/urandom', '/dev/net/tun'],
  });
  expect(seenBy(confinementOf({ accelerator: 'kvm' }))['--dev-bind']).toContain('/dev/kvm');
  const start = { kind: 'restore', statePath: '/home/templates/tpl-2/state', memoryOffset: 0 } as const;
  expect(seenBy(confinementOf({ start }))['--ro-bind']).toContain('/home/templates/tpl-2');
  const wake = { ...start, statePath: '/home/environments/env-0123456789ab/sleep-1' };
  expect(seenBy(confinementOf({ start: wake }))).toEqual(seen);
});

test('each directory above what a machine sees can be entered by its user, the upper ones first', () => {
  const argv = confinementOf();
  const made = argv.filter((_word, index) => argv[index - 1] === '--dir');
  expect(made).toEqual(
    expect.arrayContaining(['/usr', '/etc', '/dev', '/dev/net', '/home', '/home/environments']),
  );
  expect(made.indexOf('/home')).toBeLessThan(made.indexOf('/home/environments'));
  expect(argv.lastIndexOf('--dir')).toBeLessThan(argv.indexOf('--ro-bind-try'));
  expect(argv.indexOf('--remount-ro')).toBeGreaterThan(argv.indexOf('--bind'));
});

test('files may become as large as the disk or the memory, whichever is larger', () => {
  const limit = (change: Partial<MachineSpec>, more: Partial<QemuInstallation> = {}) =>
    confinementOf(change, more).find((word) => word.startsWith('--fsize='));
  expect(limit({ diskGib: 1, memoryMib: 4096 })).toBe(`--fsize=${4352 * 1024 ** 2}:${4352 * 1024 ** 2}`);
  expect(limit({ diskGib: 1, memoryMib: 4096 }, { raisesOwnLimits: true })).toMatch(
    /^--fsize=\d+:unlimited$/,
  );
});

test('keeps QEMU in its sandbox and away from configuration files and default devices', () => {
  const argv = qemuArgv(specOf(), installation);
  expect(argv).toContain('-nodefaults');
  expect(argv).toContain('-no-user-config');
  expect(argv[argv.indexOf('-sandbox') + 1]).toBe(
    'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
  );
});

test('a booted machine has memory of its own and waits for nothing', () => {
  const argv = qemuArgv(specOf(), installation);
  expect(valuesOf(argv, '-object')).toEqual([
    { 'qom-type': 'memory-backend-ram', id: 'mem', size: 512 * 1024 * 1024, merge: false },
  ]);
  expect(argv).not.toContain('-incoming');
});

test('a restored machine maps the state file privately and read-only, and waits for the state', () => {
  const argv = qemuArgv(
    specOf({ start: { kind: 'restore', statePath: '/home/templates/t/state', memoryOffset: 1048576 } }),
    installation,
  );
  expect(valuesOf(argv, '-object')).toEqual([
    {
      'qom-type': 'memory-backend-file',
      id: 'mem',
      size: 512 * 1024 * 1024,
      merge: false,
      'mem-path': '/home/templates/t/state',
      offset: 1048576,
      share: false,
      readonly: true,
      rom: 'off',
    },
  ]);
  expect(argv.slice(-2)).toEqual(['-incoming', 'defer']);
});

test('a fork has the devices of its template in the same order', () => {
  const boot = valuesOf(qemuArgv(specOf(), installation), '-device');
  const restored = qemuArgv(
    specOf({ start: { kind: 'restore', statePath: '/s', memoryOffset: 0 } }),
    installation,
  );
  expect(valuesOf(restored, '-device')).toEqual(boot);
});

test('a path never becomes a second option, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const path = `/home/${name}`;
      const argv = qemuArgv(specOf({ diskPath: path }), installation);
      const [disk] = valuesOf(argv, '-blockdev');
      expect(disk?.['file']).toEqual({ driver: 'file', filename: path, discard: 'unmap' });
      expect(Object.keys(disk ?? {}).sort()).toEqual([
        'detect-zeroes',
        'discard',
        'driver',
        'file',
        'node-name',
      ]);
    }),
  );
});

test('the hash of the hardware tells machine types apart and stays the same for one', () => {
  expect(hardwareOf('pc-q35-10.0')).toMatch(/^[0-9a-f]{64}$/);
  expect(hardwareOf('pc-q35-10.0')).toBe(hardwareOf('pc-q35-10.0'));
  expect(hardwareOf('pc-q35-10.0')).not.toBe(hardwareOf('pc-q35-10.1'));
});
