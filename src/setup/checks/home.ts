import { dirname } from 'node:path';
import { permissions } from '../../host/index.ts';
import type { Finding } from '../../model/index.ts';
import { type Check, fine, problem } from '../check.ts';

/** A unix socket's path has at most 107 bytes; machines' sockets stand some way below. */
const LONGEST_RUN_PATH = 60;
const OTHERS_MAY_ENTER = 0o001;

/** A directory and all above it, the topmost first. */
export function withParents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...withParents(parent), path];
}

/** BERTH_HOME must be a place that unprivileged machines can reach and whose socket paths are short enough. */
export const checkHome: Check = async ({ home, run }) => {
  const findings: Finding[] = [];
  for (const directory of withParents(home)) {
    const found = await permissions(directory);
    if (found === undefined) break;
    if (found.kind !== 'directory') {
      findings.push(
        problem('home', 'error', `${directory} is not a directory`, 'set BERTH_HOME to another path'),
      );
    } else if ((found.mode & OTHERS_MAY_ENTER) === 0) {
      const message = `${directory} is closed to others, so unprivileged machines cannot reach their files in ${home}`;
      findings.push(
        problem(
          'home',
          'error',
          message,
          `run sudo chmod o+x ${directory}, or set BERTH_HOME to another path`,
        ),
      );
    }
  }
  if (Buffer.byteLength(run) > LONGEST_RUN_PATH) {
    const message = `the path ${run} is too long for the sockets of machines (at most ${LONGEST_RUN_PATH} bytes)`;
    findings.push(problem('home', 'error', message, 'set BERTH_HOME to a shorter path'));
  }
  return findings.length > 0 ? findings : [fine('home', `machines can reach their files in ${home}`)];
};
