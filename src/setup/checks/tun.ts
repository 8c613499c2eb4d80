import { deviceProblem, isRoot, permissions } from '../../host/index.ts';
import { type Check, fine, problem, SETUP_REMEDY } from '../check.ts';
import { TUN_DEVICE } from '../device-permissions.ts';

/** Machines open `/dev/net/tun` as an unprivileged user for their network. */
export const checkTun: Check = async () => {
  const { path } = TUN_DEVICE;
  const found = await permissions(path);
  if (found === undefined) return [problem('tun', 'error', `there is no ${path}`, SETUP_REMEDY)];
  if ((found.mode & 0o006) !== 0o006) {
    return [
      problem('tun', 'error', `machines may not open ${path} (mode ${found.mode.toString(8)})`, SETUP_REMEDY),
    ];
  }
  const code = isRoot() ? await deviceProblem(path) : undefined;
  if (code === undefined) return [fine('tun', `machines may open ${path}`)];
  const remedy = 'load the module: sudo modprobe tun; in a container, pass the device in';
  return [problem('tun', 'error', `${path} cannot be opened (${code})`, remedy)];
};
