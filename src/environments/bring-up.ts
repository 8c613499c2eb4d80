import { type ComposeProject, parseCompose } from '../compose/index.ts';
import { berthError } from '../errors/index.ts';
import { composeConfig } from '../guest/index.ts';
import type { PublishedPort } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { applyWorkload, flushDisk } from './apply.ts';
import type { Context } from './context.ts';
import { checkReferences } from './files/check-files.ts';
import { receiveFiles } from './files/receive-files.ts';
import { mountableDirectories } from './mountable-directories.ts';
import { planPorts } from './plan/ports.ts';
import type { EnvironmentRecord } from './record.ts';
import { composePlace } from './compose-place.ts';
import type { Wish } from './wish.ts';

const CONFIG_TIMEOUT_MS = 120_000;

/** What a running machine is given after `up`: its files, then the whole of its Compose project, then its containers. */
export async function bringUp(
  context: Context,
  record: EnvironmentRecord,
  wish: Wish,
  operation: OperationContext,
  before: readonly PublishedPort[],
): Promise<void> {
  const sent = wish.sendsFiles ? await receiveFiles(context, record, wish, operation) : record;
  // A guest that restarts from here on is brought up anew, and nobody sends them again.
  if (wish.sendsFiles) await flushDisk(context, sent, operation.signal);
  const { known, project } = wish.project.incomplete
    ? await mergeFiles(context, sent, wish, operation)
    : { known: sent, project: wish.project };
  await applyWorkload(context, known, project, operation, {
    before,
    build: wish.build,
    credentials: wish.credentials,
  });
}

/**
 * Lets Compose put together what several files say, in the machine, where all of them are, and checks the outcome as a
 * single file would have been checked. From here on it is the environment's Compose file.
 */
async function mergeFiles(
  context: Context,
  record: EnvironmentRecord,
  wish: Wish,
  operation: OperationContext,
): Promise<{ readonly known: EnvironmentRecord; readonly project: ComposeProject }> {
  return operation.step('config', 'put the Compose files together', async () => {
    const { workload } = record;
    const compose = await composeConfig(context.sessions.shell(record), {
      ...composePlace(record),
      files: [workload.compose, ...wish.overrides],
      env: workload.variables,
      timeoutMs: CONFIG_TIMEOUT_MS,
      signal: operation.signal,
    });
    // Of the services only the active ones are in it, and they still name their profiles.
    const { COMPOSE_PROFILES: profiles } = workload.variables;
    const variables = profiles === undefined ? {} : { COMPOSE_PROFILES: profiles };
    const project = await readMerged(record, compose, variables);
    const merged = { ...project, berth: wish.project.berth };
    const { ports, problems } = planPorts(merged, workload.publish, record.address);
    if (problems.length > 0) throw berthError('bad-request', 'a port cannot be published', { problems });
    await context.ingress.check(ports, record.id);
    const change = { ports, workload: { ...workload, compose, variables } };
    return { known: (await context.registry.update(record.id, change)) ?? record, project: merged };
  });
}

async function readMerged(
  record: EnvironmentRecord,
  compose: string,
  variables: Readonly<Record<string, string>>,
): Promise<ComposeProject> {
  const { projectDirectory: directory } = record.workload;
  const mountable = mountableDirectories(record);
  const { project, problems } = parseCompose(compose, { variables, files: { directory, mountable } });
  const missing = project === undefined ? [] : (await checkReferences(project.files, mountable)).problems;
  if (project !== undefined && missing.length === 0) return project;
  const all = [...problems, ...missing];
  const unsupported = all.every(({ kind }) => kind === 'unsupported');
  throw berthError(
    unsupported ? 'compose-unsupported' : 'compose-invalid',
    'what the Compose files say together cannot be',
    // Lines of what Compose printed say nothing to anybody.
    { problems: all.map(({ path, message }) => ({ path, message })) },
  );
}
