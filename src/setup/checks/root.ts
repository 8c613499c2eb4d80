import { isRoot } from '../../host/index.ts';
import { type Check, fine, problem } from '../check.ts';

/** Networks, devices and users of machines are root's to make. */
export const checkRoot: Check = async () => [
  isRoot()
    ? fine('root', 'runs as root')
    : problem(
        'root',
        'error',
        'does not run as root: machines cannot be started',
        'run sudo ./berth host doctor',
      ),
];
