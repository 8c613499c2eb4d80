import { type CgroupMode, cgroupMode } from '../../host/index.ts';
import { type Check, fine, problem } from '../check.ts';

const TITLES: Record<Exclude<CgroupMode, 'none'>, string> = {
  v1: 'version 1',
  v2: 'version 2',
  hybrid: 'version 1, with an empty version 2 hierarchy beside it',
};

/** Control groups limit and count what a machine uses. */
export const checkCgroups: Check = async () => {
  const mode = await cgroupMode();
  if (mode !== 'none') return [fine('cgroups', `control groups ${TITLES[mode]}`)];
  const remedy = 'mount them: sudo mount -t cgroup2 none /sys/fs/cgroup';
  return [problem('cgroups', 'warning', 'no control groups are mounted: machines have no limits', remedy)];
};
