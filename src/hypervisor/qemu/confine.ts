import { dirname, join } from 'node:path';
import type { MachineSpec } from '../hypervisor.ts';
import { fileLimitOf } from './file-limit.ts';

/** Programs of the host that starting a machine takes, each with its full path. */
export interface ConfinedPrograms {
  readonly qemuPath: string;
  readonly setprivPath: string;
}

export interface Confinement extends ConfinedPrograms {
  /** Group that may open `/dev/kvm`; absent under emulation and where everybody may. */
  readonly kvmGid?: number;
  /** This process may not raise limits of others: then what may have to grow has no upper bound beside the one that holds. */
  readonly raisesOwnLimits?: boolean;
}

/** Descriptor on which it is told which process the namespace begins with. QEMU is the second: to the first, signals that nobody handles do nothing. */
export const PID_DESCRIPTOR = 3;

/** A machine of many devices has some hundred descriptors open. */
const OPEN_FILES = 4096;

/**
 * What stands before QEMU in a machine's command line. It enters the network of its slot, gets limits, and then namespaces of its own for mounts, processes, IPC
 * and host name, in which the root directory holds nothing but what {@link rootArgv} lists. There it becomes the machine's user without any capability; not by QEMU's own
 * `-run-with user=`, which dies under `elevateprivileges=deny`.
 */
export function confineArgv(spec: MachineSpec, confinement: Confinement): string[] {
  return [
    ...['nsenter', `--net=${join('/run/netns', spec.network.namespace)}`, '--'],
    ...['prlimit', ...limitsOf(spec, confinement), '--'],
    ...['bwrap', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...['--info-fd', String(PID_DESCRIPTOR)],
    // Enough to become another user; what waits in the namespace keeps no more than that.
    ...[
      '--cap-drop',
      'ALL',
      '--cap-add',
      'CAP_SETUID',
      '--cap-add',
      'CAP_SETGID',
      '--cap-add',
      'CAP_SETPCAP',
    ],
    ...rootArgv(spec, confinement),
    ...['--chdir', '/', '--'],
    ...privilegeArgv(spec, confinement),
  ];
}

/** What it holds in memory is no file of the host's when it crashes. */
function limitsOf(spec: MachineSpec, { raisesOwnLimits = false }: Confinement): string[] {
  const bytes = fileLimitOf(spec);
  const hard = raisesOwnLimits ? 'unlimited' : String(bytes);
  return [`--nofile=${OPEN_FILES}:${OPEN_FILES}`, `--fsize=${bytes}:${hard}`, '--core=0:0'];
}

/** The program must be there to become the machine's user; QEMU's libraries and firmware lie with the host's, which hold nothing that is secret. */
function rootArgv(spec: MachineSpec, { qemuPath, setprivPath }: ConfinedPrograms): string[] {
  const prefix = dirname(dirname(qemuPath));
  const libraries = new Set(['/usr/lib', '/usr/lib64', '/lib', '/lib64', join(prefix, 'lib')]);
  const firmware = new Set(
    ['/usr', prefix].flatMap((path) => [join(path, 'share/qemu'), join(path, 'share/seabios')]),
  );
  const shared = [...libraries, ...firmware, '/etc/ld.so.cache', qemuPath, setprivPath];
  const devices = ['/dev/null', '/dev/urandom', '/dev/net/tun'];
  if (spec.accelerator === 'kvm') devices.push('/dev/kvm');
  const readable = readableOf(spec);
  return [
    ...parentsOf([...shared, ...devices, ...readable, spec.directory]).flatMap((path) => ['--dir', path]),
    ...shared.flatMap((path) => ['--ro-bind-try', path, path]),
    ...devices.flatMap((path) => ['--dev-bind', path, path]),
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    ...['--bind', spec.directory, spec.directory],
    ...['--remount-ro', '/'],
  ];
}

/** Directories rather than files: one that is removed while the machine runs is then gone from the host's disk as well. */
function readableOf(spec: MachineSpec): string[] {
  const { kernelPath, initrdPath, start, directory, standsOn } = spec;
  const state = start.kind === 'restore' ? [dirname(start.statePath)] : [];
  const all = [dirname(kernelPath), dirname(initrdPath), ...standsOn, ...state];
  return [...new Set(all)].filter((path) => path !== directory);
}

/** Directories above these, the upper ones first: made by themselves they could be entered by root alone. */
function parentsOf(paths: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (path: string): void => {
    const parent = dirname(path);
    if (parent === path || parent === '/') return;
    add(parent);
    found.add(parent);
  };
  for (const path of paths) add(path);
  return [...found];
}

function privilegeArgv({ uid, gid }: MachineSpec, { setprivPath, kvmGid }: Confinement): string[] {
  const groups = kvmGid === undefined ? '--clear-groups' : `--groups=${kvmGid}`;
  return [
    ...[setprivPath, `--reuid=${uid}`, `--regid=${gid}`, groups, '--no-new-privs'],
    ...['--bounding-set=-all', '--inh-caps=-all', '--'],
  ];
}
