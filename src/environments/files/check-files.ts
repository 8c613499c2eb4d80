import { posix } from 'node:path';
import type { ComposeProblem, FileReference } from '../../compose/index.ts';
import type { UpRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import { exists, realPath } from '../../host/index.ts';
import { isWithin, reservedGuestPath, type Problem } from '../../model/index.ts';
import type { SharedFiles } from '../record.ts';

/** Directories in which everything lies: they are sent only when something in the Compose file needs that. */
const WIDE = ['/home', '/media', '/mnt', '/opt', '/root', '/srv', '/tmp', '/var/tmp'];
const MOUNT_REMEDY = 'Name a directory or file of your own that is there: `./berth up --allow-mount PATH`.';

/**
 * What the machine is to have of the host: nothing when the request sends no files. What was allowed before stays so.
 * @throws `bad-request` with every `--allow-mount` that cannot be
 */
export async function sharedFiles(
  request: UpRequest,
  before: SharedFiles | undefined,
): Promise<SharedFiles | undefined> {
  const { files, projectDirectory } = request;
  if (files === undefined) return before;
  const asked = (files.mounts ?? []).map((path) => posix.normalize(path).replace(/(?<=.)\/+$/, ''));
  const problems = (await Promise.all(asked.map(mountProblem))).flat();
  if (problems.length > 0) {
    const [first] = problems;
    const message = `a path cannot be allowed: ${first?.message ?? ''}`;
    throw berthError('bad-request', message, { problems, remedy: MOUNT_REMEDY });
  }
  const project = reservedGuestPath(projectDirectory) === undefined;
  const mounts = [...new Set([...(before?.mounts ?? []), ...asked])].filter(
    (path) => !(project && isWithin(path, projectDirectory)),
  );
  return { project, mounts, ...(files.home === undefined ? {} : { home: files.home }) };
}

async function mountProblem(path: string, index: number): Promise<Problem[]> {
  const reserved = reservedGuestPath(path);
  const message =
    reserved !== undefined
      ? `${path} would replace the machine's own system at ${reserved}`
      : (await exists(path))
        ? undefined
        : `there is no ${path}`;
  return message === undefined ? [] : [{ path: `files.mounts[${index}]`, message }];
}

/** Whether a project directory is worth sending although nothing refers to it. */
export function isWide(directory: string, home: string | undefined): boolean {
  return directory === home || WIDE.includes(directory);
}

/** What a Compose file refers to and is not there, or is really somewhere else. */
export async function checkReferences(
  references: readonly FileReference[],
  mountable: readonly string[],
): Promise<{ readonly problems: readonly ComposeProblem[]; readonly warnings: readonly ComposeProblem[] }> {
  const found = await Promise.all(references.map((reference) => checkReference(reference, mountable)));
  const all = found.flatMap((problem) => problem ?? []);
  return {
    problems: all.filter(({ kind }) => kind !== 'warning'),
    warnings: all.filter(({ kind }) => kind === 'warning'),
  };
}

async function checkReference(
  reference: FileReference,
  mountable: readonly string[],
): Promise<ComposeProblem | undefined> {
  const { use, path, where, line, column, required } = reference;
  const place = {
    path: where,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
  const real = await realPath(path);
  if (real === undefined) {
    if (required) return { kind: 'invalid', ...place, message: `there is no ${path}` };
    if (use !== 'bind') return undefined;
    return {
      kind: 'warning',
      ...place,
      message: `there is no ${path}: the machine gets an empty directory`,
    };
  }
  const roots = await Promise.all(mountable.map(async (root) => (await realPath(root)) ?? root));
  if (roots.some((root) => isWithin(real, root))) return undefined;
  const message = `${path} leads through a symbolic link to ${real}, out of the project: allow that with \`./berth up --allow-mount ${real}\``;
  return { kind: 'unsupported', ...place, message };
}
