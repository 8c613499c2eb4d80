import type { EnvironmentRecord, SharedFiles } from './record.ts';

/**
 * Directories (and single files) of the host that an environment's machine has at the same path, and that containers may
 * therefore mount: the project directory once it has been synchronised, and what `--allow-mount` named. Absolute and clean.
 */
export function mountableDirectories({ workload }: Pick<EnvironmentRecord, 'workload'>): readonly string[] {
  return mountableOf(workload.projectDirectory, workload.files);
}

/** The same before there is an environment. */
export function mountableOf(projectDirectory: string, files: SharedFiles | undefined): readonly string[] {
  if (files === undefined) return [];
  return files.project ? [projectDirectory, ...files.mounts] : files.mounts;
}
