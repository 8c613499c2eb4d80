import type { LifecycleRequest, ResizeRequest, ScaleRequest } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import type { Recoverable, Work } from '../operations/index.ts';
import { settleBackup } from './backups/create-backup.ts';
import type { Context } from './context.ts';
import { bootAgain, stopNow } from './lifecycle.ts';
import { type Judgement, judgeOperation } from './plan/judge-operation.ts';
import { type RemoveRequest, removeNow } from './remove.ts';
import { scaleNow } from './replicas/start-scale.ts';
import { resize } from './resize.ts';
import { bringBack } from './return-lost.ts';
import { snapshotsOf } from './snapshots/find-snapshots.ts';

/**
 * Closes the records of operations that ran when the daemon died, once their environments have been settled: each is told as it is. Gives those that are
 * to go on, for {@link goOn}.
 */
export async function closeOperations(context: Context): Promise<readonly Recoverable[]> {
  const unfinished: Recoverable[] = [];
  const left = context.operations.recoverable();
  // A removal goes before whatever it had cancelled.
  const leaving = new Set(left.flatMap(({ operation: { kind, targets } }) => (kind === 'rm' ? targets : [])));
  for (const recoverable of left) {
    const { operation } = recoverable;
    const goesBefore = operation.kind !== 'rm' && operation.targets.some((name) => leaving.has(name));
    const judged = await judge(context, recoverable);
    const judgement = judged === 'go-on' && goesBefore ? 'undone' : judged;
    if (judgement === 'go-on') unfinished.push(recoverable);
    else
      await context.operations.resume(operation.id, async () => {
        if (judgement === 'done') return { names: await namesOf(context, recoverable) };
        throw berthError(
          'cancelled',
          `the daemon ended before this was finished; ${WHAT_BECAME[judgement]}`,
          {
            remedy: REMEDIES[judgement],
          },
        );
      });
  }
  return unfinished;
}

const WHAT_BECAME = {
  undone: 'what was begun has been undone',
  'taken-up': 'another operation goes on with it',
} as const;

const REMEDIES = {
  undone: 'Repeat the command.',
  'taken-up': 'See how it goes with `./berth operation ls`.',
} as const;

/** Begins what is to go on; it goes on while the daemon answers. */
export async function goOn(context: Context, unfinished: readonly Recoverable[]): Promise<void> {
  for (const recoverable of unfinished) {
    const work = workOf(context, recoverable);
    if (work !== undefined) await context.operations.resume(recoverable.operation.id, work);
  }
}

async function judge(context: Context, { operation, input }: Recoverable): Promise<Judgement> {
  const { registry, sessions, templates } = context;
  const { kind, targets } = operation;
  if (kind === 'image-build') return (await imageOf(context, operation)) === undefined ? 'undone' : 'done';
  if (kind === 'template') {
    const made = await templates.find(targets[0] ?? '');
    // Its name was free when the operation began.
    return made?.hashes !== undefined ? 'done' : 'undone';
  }
  if (kind === 'snapshot')
    return (await snapshotNameOf(context, operation, input)) === undefined ? 'undone' : 'done';
  return judgeOperation(operation, input, {
    find: (name) => registry.find(name),
    runs: ({ id }) => sessions.find(id) !== undefined,
  });
}

async function namesOf(context: Context, { operation, input }: Recoverable): Promise<readonly string[]> {
  if (operation.kind === 'snapshot') return [(await snapshotNameOf(context, operation, input)) ?? []].flat();
  const image = operation.kind === 'image-build' ? await imageOf(context, operation) : undefined;
  return image === undefined ? operation.targets : [image.id];
}

/** Name of the snapshot that the operation has taken, if it came so far. */
async function snapshotNameOf(
  { templates }: Context,
  { createdAt }: Recoverable['operation'],
  input: unknown,
): Promise<string | undefined> {
  const { id, name } = input as { readonly id?: string; readonly name?: string };
  const taken = snapshotsOf(await templates.list()).find(
    ({ snapshot, createdAt: takenAt }) =>
      snapshot.environment === id && snapshot.name === name && takenAt >= createdAt,
  );
  return taken?.snapshot.name;
}

async function imageOf({ images }: Context, { targets, createdAt }: Recoverable['operation']) {
  const image = await images.get(targets[0] ?? '');
  return image !== undefined && image.createdAt >= createdAt ? image : undefined;
}

function workOf(context: Context, { operation: { kind, targets }, input }: Recoverable): Work | undefined {
  const known = context.registry.find(targets[0] ?? '');
  if (known === undefined) return undefined;
  switch (kind) {
    case 'rm':
      return (operation) => removeNow(context, known, input as RemoveRequest, operation);
    case 'stop':
      return (operation) => stopNow(context, known, input as LifecycleRequest, operation);
    case 'start':
    case 'restore':
      return (operation) => bringBack(context, known, operation);
    case 'restart':
      return (operation) =>
        context.sessions.find(known.id) === undefined
          ? bootAgain(context, known, operation, undefined)
          : bringBack(context, known, operation);
    case 'scale':
      return (operation) => scaleNow(context, known, input as ScaleRequest, operation);
    case 'backup':
      return ({ id }) => settleBackup(context, id, input);
    case 'resize':
      return (operation) => resize(context, known, (input as ResizeRequest).diskGib, operation);
    default:
      return undefined;
  }
}
