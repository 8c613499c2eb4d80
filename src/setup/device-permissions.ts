import { dirname } from 'node:path';
import { chmod, ensureDirectory, permissions, run } from '../host/index.ts';

const READ_AND_WRITE = 0o666;

/** A device of the kernel that machines open as an unprivileged user. */
export interface MachineDevice {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

/** Numbers from the kernel's `Documentation/admin-guide/devices.txt`. */
export const TUN_DEVICE: MachineDevice = { path: '/dev/net/tun', major: 10, minor: 200 };
export const KVM_DEVICE: MachineDevice = { path: '/dev/kvm', major: 10, minor: 232 };

/** True when machines may open the device: everybody may, or the members of a group other than root's. */
export function isOpenToMachines(found: { mode: number; gid: number }): boolean {
  return (found.mode & 0o006) === 0o006 || ((found.mode & 0o060) === 0o060 && found.gid !== 0);
}

/** Makes `/dev/net/tun` and gives everybody access, as udev does: to use it takes the right to a tap all the same. */
export async function openTunDevice(): Promise<boolean> {
  const { path, major, minor } = TUN_DEVICE;
  const found = await permissions(path);
  if (found === undefined) {
    await ensureDirectory(dirname(path));
    await run(['mknod', path, 'c', String(major), String(minor)]);
  }
  if (found !== undefined && (found.mode & READ_AND_WRITE) === READ_AND_WRITE) return false;
  await chmod(path, READ_AND_WRITE);
  return true;
}

/** Where only root may open `/dev/kvm`, gives everybody access, as udev's own default is. A group's access is left alone. */
export async function openKvmDevice(): Promise<boolean> {
  const found = await permissions(KVM_DEVICE.path);
  if (found === undefined || isOpenToMachines(found)) return false;
  await chmod(KVM_DEVICE.path, READ_AND_WRITE);
  return true;
}
