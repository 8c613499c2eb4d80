import { BOOT_SECTOR_EXIT_CODE, EXIT_PORT } from './probe-guest.ts';

/** What runs the guest's code. */
export type ProbedAccelerator = 'kvm' | 'tcg';

/** Something to boot. */
export type ProbeGuest =
  | { readonly kind: 'boot-sector'; readonly diskPath: string }
  | { readonly kind: 'kernel'; readonly kernelPath: string; readonly initrdPath: string };

/** Exit codes of QEMU that go with a success: the kernel's guest panics when its only program has ended, and is not restarted. */
export const PROBE_EXIT_CODES = [BOOT_SECTOR_EXIT_CODE];

/** The command line that boots one probe guest; its serial port is QEMU's standard output. */
export function probeArgv(qemuPath: string, accelerator: ProbedAccelerator, guest: ProbeGuest): string[] {
  return [
    ...[qemuPath, '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-machine', 'q35,usb=off,vmport=off,graphics=off', '-m', '256M', '-smp', '1'],
    // The CPU that machines get: a plainer one may run where that one does not.
    ...(accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg', '-cpu', 'max,la57=off']),
    ...guestArgv(guest),
  ];
}

function guestArgv(guest: ProbeGuest): string[] {
  if (guest.kind === 'kernel') {
    const { kernelPath, initrdPath } = guest;
    return ['-kernel', kernelPath, '-initrd', initrdPath, '-append', 'console=ttyS0 quiet panic=-1'];
  }
  const disk = {
    driver: 'raw',
    'node-name': 'probe',
    'read-only': true,
    file: { driver: 'file', filename: guest.diskPath },
  };
  return [
    ...[
      '-blockdev',
      JSON.stringify(disk),
      '-device',
      JSON.stringify({ driver: 'virtio-blk-pci', drive: 'probe', bootindex: 0 }),
    ],
    ...['-device', JSON.stringify({ driver: 'isa-debug-exit', iobase: EXIT_PORT, iosize: 4 })],
  ];
}

/** User and groups of a probe: those of a machine's QEMU, so that what it may not open shows here already. */
export interface ProbeUser {
  readonly uid: number;
  readonly gid: number;
  /** Group that may open `/dev/kvm`, when that takes one. */
  readonly kvmGid?: number;
}

/** Starts `argv` as that user, without any capability. */
export function asUser(user: ProbeUser, argv: readonly string[]): string[] {
  const groups = user.kvmGid === undefined ? '--clear-groups' : `--groups=${user.kvmGid}`;
  return [
    ...['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, groups, '--no-new-privs'],
    ...['--bounding-set=-all', '--inh-caps=-all', '--', ...argv],
  ];
}
