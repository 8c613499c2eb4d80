import type { RestoreBackupRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import { crashPoint } from '../../host/index.ts';
import { isName, type Operation } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import { startAdmitted } from '../admission.ts';
import { applyWorkload } from '../apply.ts';
import type { Context } from '../context.ts';
import { openEndpoint } from '../endpoint.ts';
import { discard } from '../fork.ts';
import { bootMachine } from '../lifecycle.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord } from '../record.ts';
import { bringBack, type Source } from './bring-back.ts';
import { definitionIn, findBackup } from './find-backup.ts';

/** A look at a repository before anything begins. */
const LOOK_TIMEOUT_MS = 50_000;

/**
 * Makes an environment of a backup; it boots anew, and gets an address of this host.
 * @throws `not-found`, `name-taken`, `backup-damaged`, `capacity-exceeded`, `port-in-use`
 */
export async function startRestore(
  context: Context,
  ref: string,
  request: RestoreBackupRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const found = await findBackup(context, ref, request.repository, AbortSignal.timeout(LOOK_TIMEOUT_MS));
  const definition = await definitionIn(found, AbortSignal.timeout(LOOK_TIMEOUT_MS));
  const name = request.name ?? definition.environment.name;
  if (!isName(name)) throw berthError('name-invalid', `"${name}" cannot be the name of an environment`);
  assertFree(context, name);
  const { shape } = definition.environment;
  const { project } = definition.workload;
  const kind = { start: 'boot', shape, project } as const;
  return startAdmitted(context, { kind, names: [name], onceDiskBytes: definition.disk.bytes }, () =>
    context.operations.start(
      'backup-restore',
      [name],
      { backup: found.backup.id, repository: found.backup.repository, name },
      (operation) => restore(context, { found, definition }, name, request.start !== false, operation),
      o,
    ),
  );
}

function assertFree(context: Context, name: string): void {
  if (context.registry.find(name) === undefined) return;
  throw berthError('name-taken', `there is an environment "${name}" already`, {
    remedy: 'Restore beside it with `--name NAME`, or remove it first with `./berth rm NAME`.',
  });
}

async function restore(
  context: Context,
  source: Source,
  name: string,
  starts: boolean,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const { workload } = source.definition;
  let record: EnvironmentRecord | undefined;
  try {
    record = await bringBack(context, source, { name, workload }, operation, (made) => {
      record = made;
    });
    await openEndpoint(context, record);
  } catch (error) {
    if (record !== undefined) await discard(context, record);
    throw error;
  }
  // All of it is on this host now: whatever comes, it stays.
  const { id, createdAt } = source.found.backup;
  const later = starts ? { operation: operation.id, returning: true as const } : { operation: undefined };
  const settled = { state: 'stopped', ...later } as const;
  record = (await context.registry.update(record.id, settled)) ?? record;
  crashPoint('backup-restore.placed');
  context.events.append('environment.restored', name, `from backup ${id} of ${createdAt}`);
  if (starts) await start(context, record, operation);
  return { names: [name] };
}

async function start(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<void> {
  try {
    await bootMachine(context, record, operation);
    await applyWorkload(context, context.registry.get(record.id), projectOf(record), operation);
  } catch (error) {
    const runs = context.registry.find(record.id)?.process !== undefined;
    const reason = error instanceof Error ? error.message : String(error);
    const state = runs ? 'degraded' : 'stopped';
    await context.registry.update(record.id, { state, reason, operation: undefined, returning: undefined });
    throw error;
  }
}
