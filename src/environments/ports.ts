import { asBerthError, berthError } from '../errors/index.ts';
import { waitAccepting } from '../ingress/index.ts';
import type { Machine } from '../machines/index.ts';
import type { PublishedPort } from '../model/index.ts';
import type { Context } from './context.ts';
import { mayOpen } from './plan/followed-ports.ts';
import type { EnvironmentRecord } from './record.ts';

/**
 * Opens the ports of an environment's Compose file on the host. Ports that are open already stay open.
 * @throws `port-in-use`, `address-unavailable`
 */
export async function publishPorts(context: Context, record: EnvironmentRecord): Promise<void> {
  await Promise.all(record.ports.map((port) => publish(context, record, port)));
}

/** Tries to open ports; gives them as they are now: with a `problem` where one cannot be had. */
export async function tryPublish(
  context: Context,
  record: EnvironmentRecord,
  ports: readonly PublishedPort[],
): Promise<readonly PublishedPort[]> {
  return Promise.all(
    ports.map(async ({ problem: _before, ...port }) => {
      try {
        await publish(context, record, port);
        return port;
      } catch (error) {
        const { code, message } = asBerthError(error);
        if (code !== 'port-in-use' && code !== 'address-unavailable') throw error;
        return { ...port, problem: message };
      }
    }),
  );
}

/** Tries to open the ports that follow containers, those that may be opened at all; gives all as they are now. */
export async function publishFollowed(
  context: Context,
  record: EnvironmentRecord,
  ports: readonly PublishedPort[] = record.followed ?? [],
): Promise<readonly PublishedPort[]> {
  const refused = ports.filter((port) => !mayOpen(port, record.address));
  const allowed = ports.filter((port) => mayOpen(port, record.address));
  return [...(await tryPublish(context, record, allowed)), ...refused];
}

function publish(context: Context, record: EnvironmentRecord, port: PublishedPort): Promise<void> {
  const slot = context.sessions.find(record.id)?.machine.slot ?? record.asleep?.slot;
  if (slot === undefined) throw berthError('not-running', `environment "${record.name}" is ${record.state}`);
  const gate = context.sleepers.gateOf(record.id);
  // What only this machine's containers publish the others do not have.
  const isShared = port.container === undefined;
  const target = { host: slot.guestReachableAt, port: port.guestPort, gate, isShared };
  return context.ingress.publish(record.id, port, target);
}

/**
 * Waits until each published TCP port accepts connections in the machine.
 * @throws `timeout` naming the first that did not
 */
export async function waitForPorts(
  context: Context,
  record: EnvironmentRecord,
  o: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** Called with what is still waited for. */
    readonly onChange?: (detail: string) => void;
  },
): Promise<void> {
  const { machine } = context.sessions.get(record);
  await waitForGuestPorts(machine, record.ports, o);
}

/** The same of a machine that is no environment yet. */
export async function waitForGuestPorts(
  machine: Machine,
  ports: readonly PublishedPort[],
  o: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onChange?: (detail: string) => void;
  },
): Promise<void> {
  const tcp = new Map(
    ports.filter(({ protocol }) => protocol === 'tcp').map((port) => [port.guestPort, port]),
  );
  const tell = () => {
    const closed = [...tcp.values()].map((port) => `${port.service}:${port.containerPort}`);
    if (closed.length > 0) o.onChange?.(`no connection yet to ${closed.join(', ')}`);
  };
  tell();
  await Promise.all(
    [...tcp.values()].map(async (port) => {
      try {
        await waitAccepting({ host: machine.slot.guestReachableAt, port: port.guestPort }, o);
        tcp.delete(port.guestPort);
        tell();
      } catch (error) {
        if (o.signal.aborted) throw error;
        throw berthError(
          'service-failed',
          `service "${port.service}" does not accept connections on port ${port.containerPort}`,
          {
            cause: error,
          },
        );
      }
    }),
  );
}

/** Where a port is on the host, in one word. */
export function keyOf(port: PublishedPort): string {
  return `${port.hostAddress} ${port.hostPort}/${port.protocol}`;
}

/** Opens the ports of the Compose file, and closes those that are in `before` and not among them. */
export async function replacePorts(
  context: Context,
  record: EnvironmentRecord,
  before: readonly PublishedPort[],
): Promise<void> {
  const after = new Set(record.ports.map(keyOf));
  const gone = before.filter((port) => !after.has(keyOf(port)));
  await Promise.all(gone.map((port) => context.ingress.withdrawPort(record.id, port)));
  await publishPorts(context, record);
}
