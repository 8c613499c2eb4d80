import type { ComposePlace } from '../guest/index.ts';
import type { EnvironmentRecord } from './record.ts';

/** Where the files that Berth writes for Compose lie in the guest. */
const GUEST_PROJECTS = '/var/lib/berth/projects';

/** Tells where the Compose project of an environment is in its machine: at the same path as on the host once it was sent. */
export function composePlace({ workload }: EnvironmentRecord): ComposePlace {
  const { project, projectDirectory, files } = workload;
  const directory = `${GUEST_PROJECTS}/${project}`;
  if (files?.project !== true) return { project, directory, projectDirectory: directory, envFiles: [] };
  return {
    ...{ project, directory, projectDirectory },
    envFiles: files.dotEnv === true ? [`${projectDirectory}/.env`] : [],
    ...(files.home === undefined ? {} : { home: files.home }),
  };
}
