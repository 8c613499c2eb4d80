import { crashPoint } from '../host/index.ts';
import { sleep } from '../base/index.ts';
import type { Ticket } from './admission.ts';
import { applyWorkload } from './apply.ts';
import type { Context } from './context.ts';
import { bootAgain } from './lifecycle.ts';
import { judgeRestart, recentRestarts } from './plan/judge-restart.ts';
import { bootWanted } from './plan/machine-kind.ts';
import { projectOf } from './project-of.ts';
import type { EnvironmentRecord } from './record.ts';
import type { OperationContext } from '../operations/index.ts';

/** Machines that boot at the same time: the host has just booted itself. */
const AT_ONCE = 2;

/**
 * Starts again, oldest first, the environments whose machines went down with the host. One that does not come up is tried anew after
 * a while, longer each time, until it is given up as `crashed`. Disposing ends it; what is left is taken up by the next daemon.
 */
export function returnLost(context: Context): AsyncDisposable {
  const ending = new AbortController();
  const waiting = context.registry.list().filter(({ returning }) => returning === true);
  const work = async () => {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift())
      await returnOne(context, record.id, ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted)
          context.log.warn({ environment: record?.name, err: error }, 'an environment was not started again');
      });
  };
  const all = Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort(new Error('the daemon ends'));
      await all;
    },
  };
}

async function returnOne(context: Context, id: EnvironmentRecord['id'], signal: AbortSignal): Promise<void> {
  for (;;) {
    const record = context.registry.find(id);
    // Whoever stopped, started or removed it meanwhile has decided.
    if (record?.returning !== true || record.operation !== undefined || signal.aborted) return;
    const returns = recentRestarts(record.returns ?? [], Date.now());
    const verdict = judgeRestart(returns);
    if (verdict.kind === 'give-up') return giveUp(context, record, returns.length - 1);
    await sleep(verdict.holdMs, signal);
    await context.registry.update(id, { returns });
    crashPoint('return.noted');
    const { id: operation } = await context.operations.start('start', [record.name], { id }, (work) =>
      bringBack(context, record, work),
    );
    const { state } = await context.operations.wait(operation, signal);
    if (state === 'succeeded') return;
    // Cancelled by hand, or up with a service that does not come: another start would change nothing.
    if (state === 'cancelled' || context.sessions.find(id) !== undefined) {
      await context.registry.update(id, { returning: undefined });
      return;
    }
  }
}

/** Starts one from its disk, or has the machine that runs already run its file. */
export async function bringBack(
  context: Context,
  known: EnvironmentRecord,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  if (context.sessions.find(known.id) === undefined) {
    using _room = await roomFor(context, known);
    return await bootAgain(context, known, operation, undefined);
  }
  // The daemon before was ended between the machine and its containers.
  const record = await context.registry.claim(known.id, operation.id);
  await applyWorkload(context, record, projectOf(record), operation);
  return { names: [record.name] };
}

/** A host that is full is tried again: others may have gone by then. */
async function roomFor(context: Context, known: EnvironmentRecord): Promise<Ticket> {
  try {
    return await context.admission.admit(bootWanted(known));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await context.registry.update(known.id, { reason });
    throw error;
  }
}

async function giveUp(context: Context, record: EnvironmentRecord, times: number): Promise<void> {
  const why = record.reason === undefined ? '' : `: ${record.reason}`;
  const reason = `it went down with the host and did not come back in ${times} tries${why}`;
  await context.registry.update(record.id, { state: 'crashed', reason, returning: undefined });
  context.events.append('environment.crashed', record.name, reason);
}
