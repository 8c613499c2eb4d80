import { exists, findProgram } from '../../host/index.ts';
import type { Finding } from '../../model/index.ts';
import { type Check, fine, problem, SETUP_REMEDY } from '../check.ts';
import { REQUIRED_PACKAGES, type RequiredPackage } from '../packages/required-packages.ts';

const TITLES: Record<RequiredPackage['group'], string> = {
  'machine-tools': 'machines',
  'network-tools': 'networks',
  'build-tools': 'building images',
  'cache-tools': 'keeping container images',
  'backup-tools': 'backups',
};

/** A check that the programs and files of one group are there. */
export function checkTools(group: RequiredPackage['group']): Check {
  return async () => {
    const missing: RequiredPackage[] = [];
    for (const candidate of ofGroup(group)) if (!(await isThere(candidate))) missing.push(candidate);
    return [judgeTools(group, missing)];
  };
}

/** What to say of a group of which some packages are missing, or none. */
export function judgeTools(group: RequiredPackage['group'], missing: readonly RequiredPackage[]): Finding {
  if (missing.length > 0) {
    const names = missing.map(({ name, why }) => `${name} (${why})`).join(', ');
    // Images are pulled all the same, each environment its own.
    const severity = group === 'cache-tools' || group === 'backup-tools' ? 'warning' : 'error';
    return problem(group, severity, `missing for ${TITLES[group]}: ${names}`, SETUP_REMEDY);
  }
  const names = ofGroup(group).map(({ name }) => name);
  return fine(group, `all tools for ${TITLES[group]}: ${names.join(', ')}`);
}

function ofGroup(group: RequiredPackage['group']): RequiredPackage[] {
  return REQUIRED_PACKAGES.filter((candidate) => candidate.group === group);
}

async function isThere({ provides }: RequiredPackage): Promise<boolean> {
  for (const name of provides) {
    const found = name.startsWith('/') ? await exists(name) : (await findProgram(name)) !== undefined;
    if (!found) return false;
  }
  return true;
}
