import { berthError } from '../errors/index.ts';
import { waitAccepting } from '../ingress/index.ts';
import type { PublishedPort } from '../model/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';

/** Opens an environment's ports on the host. Ports that are open already stay open. */
export async function publishPorts(context: Context, record: EnvironmentRecord): Promise<void> {
  const { machine } = context.sessions.get(record);
  await Promise.all(
    record.ports.map((port) =>
      context.ingress.publish(record.id, port, { host: machine.slot.guestReachableAt, port: port.guestPort }),
    ),
  );
}

/**
 * Waits until each published TCP port accepts connections in the machine.
 * @throws `timeout` naming the first that did not
 */
export async function waitForPorts(
  context: Context,
  record: EnvironmentRecord,
  o: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { machine } = context.sessions.get(record);
  const tcp = new Map(
    record.ports.filter(({ protocol }) => protocol === 'tcp').map((port) => [port.guestPort, port]),
  );
  await Promise.all(
    [...tcp.values()].map(async (port) => {
      try {
        await waitAccepting({ host: machine.slot.guestReachableAt, port: port.guestPort }, o);
      } catch (error) {
        if (o.signal.aborted) throw error;
        throw berthError(
          'service-failed',
          `service "${port.service}" does not accept connections on port ${port.containerPort}`,
          {
            remedy: `See why: \`./berth logs ${record.name} ${port.service}\`.`,
            cause: error,
          },
        );
      }
    }),
  );
}

function keyOf(port: PublishedPort): string {
  return `${port.protocol} ${port.hostAddress} ${port.hostPort}`;
}

/** Closes the ports that are in `before` and not in `after`, by withdrawing all when they differ. */
export async function replacePorts(
  context: Context,
  record: EnvironmentRecord,
  before: readonly PublishedPort[],
): Promise<void> {
  const after = new Set(record.ports.map((port) => `${keyOf(port)} ${port.guestPort}`));
  const changed = before.some((port) => !after.has(`${keyOf(port)} ${port.guestPort}`));
  if (changed) await context.ingress.withdraw(record.id);
  await publishPorts(context, record);
}
