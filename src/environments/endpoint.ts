import type { Duplex } from 'node:stream';
import { sleep } from '../base/index.ts';
import type { EndpointBackend } from '../endpoint/index.ts';
import { berthError } from '../errors/index.ts';
import type { GuestShell } from '../guest/index.ts';
import type { EnvironmentId } from '../model/index.ts';
import type { Context } from './context.ts';
import { containerMountRefusal } from './container-mounts.ts';
import type { EnvironmentRecord } from './record.ts';

const SETTLE_TIMEOUT_MS = 3_000;

/**
 * Serves an environment's Docker API from now on until it is removed, over its stops and starts. Open already is fine.
 * @throws `home-unusable`
 */
export async function openEndpoint(context: Context, record: EnvironmentRecord): Promise<void> {
  await context.endpoints.open(record, backendOf(context, record.id));
}

/** Opens an environment's endpoint again whose socket has lost its file; clients that are connected are cut off. @throws `home-unusable` */
export async function reopenEndpoint(context: Context, record: EnvironmentRecord): Promise<void> {
  await context.endpoints.close(record);
  await openEndpoint(context, record);
}

/** What the endpoint reaches is looked up with each call: the machine behind it changes. */
function backendOf(context: Context, id: EnvironmentId): EndpointBackend {
  return {
    engineSocket: (o) => engineSocket(context, id, o),
    portsSettled: (signal) => portsSettled(context, id, signal),
    mountRefusal: async (mount, signal) => {
      await context.sleepers.wake(id, 'a Docker client');
      const record = context.registry.get(id);
      return containerMountRefusal(shellOf(context, record), record, mount, signal);
    },
  };
}

/** As long as the stream is open it is used. */
async function engineSocket(
  context: Context,
  id: EnvironmentId,
  o: Parameters<EndpointBackend['engineSocket']>[0],
): Promise<Duplex> {
  const use = context.sleepers.use(id);
  try {
    await context.sleepers.wake(id, 'a Docker client');
    const stream = await shellOf(context, context.registry.get(id)).engineSocket(o);
    stream.once('close', () => use[Symbol.dispose]());
    return stream;
  } catch (error) {
    use[Symbol.dispose]();
    throw error;
  }
}

/** A port that opens late is no failure of the call that started its container. */
async function portsSettled(context: Context, id: EnvironmentId, signal: AbortSignal): Promise<void> {
  const settled = context.sessions.find(id)?.follower?.settled();
  if (settled === undefined) return;
  const ending = new AbortController();
  const late = sleep(SETTLE_TIMEOUT_MS, AbortSignal.any([signal, ending.signal]));
  await Promise.race([settled, late]).catch(() => undefined);
  ending.abort();
}

/** @throws `not-running` as long as there is no machine, or one that is still somebody else */
function shellOf(context: Context, record: EnvironmentRecord): GuestShell {
  if (context.sessions.isReachable(record.id)) return context.sessions.shell(record);
  const isComing = record.state === 'creating' || record.state === 'starting';
  throw berthError('not-running', `environment "${record.name}" is ${record.state}`, {
    remedy: isComing
      ? `Wait for it: \`./berth inspect ${record.name}\` shows when it runs.`
      : `Start it with \`./berth start ${record.name}\`.`,
  });
}
