import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hardwareOf, qemuArgv } from '../../../src/hypervisor/qemu/argv.ts';
import type { MachineSpec } from '../../../src/hypervisor/index.ts';

const installation = { qemuPath: 'qemu-system-x86_64', machineType: 'pc-q35-10.0' };

function specOf(change: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: 'env-0123456789ab',
    directory: '/home/environments/env-0123456789ab',
    vcpus: 2,
    memoryMib: 512,
    accelerator: 'tcg',
    diskPath: '/home/environments/env-0123456789ab/disk-0.qcow2',
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

test('enters the namespace, drops every privilege, and only then runs QEMU', () => {
  const argv = qemuArgv(specOf(), installation);
  expect(argv.slice(0, 20)).toEqual([
    'ip',
    'netns',
    'exec',
    'berth-abcdef-7',
    ...['prlimit', '--nofile=4096:4096', '--core=0:0'],
    ...['unshare', '--ipc', '--uts', '--'],
    'setpriv',
    '--reuid=210007',
    '--regid=210000',
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
    '--',
    'qemu-system-x86_64',
  ]);
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
    { 'qom-type': 'memory-backend-ram', id: 'mem', size: 512 * 1024 * 1024 },
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
