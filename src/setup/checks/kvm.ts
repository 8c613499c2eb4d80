import { permissions } from '../../host/index.ts';
import { type Check, fine, problem, SETUP_REMEDY } from '../check.ts';
import { isOpenToMachines, KVM_DEVICE } from '../device-permissions.ts';

/** The device of KVM. Whether it runs a guest is the accelerator's check. */
export const checkKvm: Check = async () => {
  const { path } = KVM_DEVICE;
  const found = await permissions(path);
  if (found === undefined) {
    const remedy = 'load the module: sudo modprobe kvm_intel or kvm_amd; see also the finding on the CPU';
    return [problem('kvm', 'warning', `there is no ${path}: guests are emulated`, remedy)];
  }
  if (isOpenToMachines(found)) return [fine('kvm', `machines may open ${path}`)];
  const message = `machines may not open ${path} (mode ${found.mode.toString(8)}): guests are emulated`;
  return [problem('kvm', 'warning', message, SETUP_REMEDY)];
};
