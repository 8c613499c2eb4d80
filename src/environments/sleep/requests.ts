import type { SleepRequest } from '../../contract/index.ts';
import { untilAborted } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Operation } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { assertUnclaimed } from '../registry.ts';
import { assertNoReplica } from '../replicas/start-scale.ts';

interface StartOptions {
  readonly idempotencyKey?: string;
}

/** Brings an environment to rest because somebody asks for it. One that rests so already stays as it is. */
export async function startSleep(
  context: Context,
  name: string,
  request: SleepRequest,
  o: StartOptions,
): Promise<Operation> {
  const known = context.registry.get(name);
  assertNoReplica(known);
  assertUnclaimed(known);
  const depth = request.freeze === true ? 'frozen' : 'asleep';
  if (!['running', 'frozen', 'asleep'].includes(known.state))
    throw berthError('not-running', `environment "${known.name}" is ${known.state}`, {
      remedy: `Only one that runs can be brought to rest; see \`./berth inspect ${known.name}\`.`,
    });
  if (known.state === 'asleep' && depth === 'frozen')
    throw berthError('conflict', `environment "${known.name}" is asleep already`, {
      remedy: `Wake it first: \`./berth wake ${known.name}\`.`,
    });
  return context.operations.start(
    'sleep',
    [known.name],
    { id: known.id, ...request },
    async (operation) => {
      const record = await context.registry.claim(known.id, operation.id);
      try {
        await context.replicas.end(record.id);
        const title = depth === 'frozen' ? `freeze ${record.name}` : `put ${record.name} to sleep`;
        await operation.step('sleep', title, () =>
          context.sleepers.rest(record.id, depth, { cause: 'asked for', signal: operation.signal }),
        );
      } finally {
        await context.registry.update(record.id, { operation: undefined });
      }
      return { names: [record.name] };
    },
    o,
  );
}

/** Wakes an environment. One that runs stays as it is. */
export async function startWake(context: Context, name: string, o: StartOptions): Promise<Operation> {
  const known = context.registry.get(name);
  assertUnclaimed(known);
  if (context.sessions.find(known.id) === undefined && known.asleep === undefined)
    throw berthError('not-running', `environment "${known.name}" is ${known.state}`, {
      remedy: `Start it with \`./berth start ${known.name}\`.`,
    });
  return context.operations.start(
    'wake',
    [known.name],
    { id: known.id },
    async (operation) => {
      const record = await context.registry.claim(known.id, operation.id);
      try {
        // Others may wait for it as well: to cancel is to wait no longer.
        await operation.step('wake', `wake ${record.name}`, () =>
          untilAborted(context.sleepers.wake(record.id, 'asked for'), operation.signal),
        );
      } finally {
        await context.registry.update(record.id, { operation: undefined });
      }
      return { names: [record.name] };
    },
    o,
  );
}
