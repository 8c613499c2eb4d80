export type * from './hypervisor.ts';
export { createQemuHypervisor } from './qemu/qemu-hypervisor.ts';
