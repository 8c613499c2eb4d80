import { type ComposeProject, parseCompose } from '../compose/index.ts';
import { berthError } from '../errors/index.ts';
import { mountableDirectories } from './mountable-directories.ts';
import type { EnvironmentRecord } from './record.ts';

/** The project of a record, read again from its own text. */
export function projectOf(record: Pick<EnvironmentRecord, 'name' | 'workload'>): ComposeProject {
  const { compose, variables, projectDirectory: directory, files } = record.workload;
  const home = files?.home === undefined ? {} : { home: files.home };
  const { project } = parseCompose(compose, {
    variables,
    // It was found right when it came, as a whole or as a part of one.
    partial: true,
    files: { directory, mountable: mountableDirectories(record), ...home },
  });
  if (project === undefined)
    throw berthError('compose-invalid', `the Compose file of "${record.name}" cannot be read any more`);
  return project;
}
