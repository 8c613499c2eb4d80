export type * from './hypervisor.ts';
export { createQemuHypervisor } from './qemu/qemu-hypervisor.ts';
export { DEFAULT_QEMU, parseQemuVersion, readQemuVersion } from './qemu/version.ts';
