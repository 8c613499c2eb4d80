import { BerthError } from '../../errors/index.ts';
import { type Check, fine, problem, SETUP_REMEDY } from '../check.ts';
import { readQemuVersion } from '../../hypervisor/index.ts';

/** QEMU must be there and new enough. */
export const checkQemu: Check = async ({ qemuPath }) => {
  try {
    return [fine('qemu', `QEMU ${await readQemuVersion(qemuPath)}`)];
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === 'cancelled') throw error;
    return [problem('qemu', 'error', error.message, SETUP_REMEDY)];
  }
};
