import { hostBootId, isAlive } from '../../host/index.ts';
import { hasDisk } from '../../machines/index.ts';
import { type EnvironmentId, isEnded } from '../../model/index.ts';
import type { NetworkManager } from '../../network/index.ts';
import type { Context } from '../context.ts';
import type { Books, FoundEnvironment, Reality } from '../plan/differences.ts';
import { mayOpen } from '../plan/followed-ports.ts';
import type { EnvironmentRecord } from '../record.ts';

/** What is written down, and what is under way at this moment. */
export function readBooks(context: Context): Books {
  const records = context.registry.list();
  const isRunning = (operation: string) => {
    const found = context.operations.list().find(({ id }) => id === operation);
    return found !== undefined && !isEnded(found);
  };
  const busy = new Set(records.filter((record) => isBusy(context, record)).map(({ id }) => id));
  return { records, busy, isHeld: (id) => context.machines.holds.has(id), isRunning };
}

/** Looks at the host; changes nothing. About 20 ms and three short commands, however many environments there are. */
export async function lookAtHost(
  context: Context,
  network: Pick<NetworkManager, 'inspect'>,
  { records, isHeld }: Books,
): Promise<Reality> {
  const known = new Set<string>(records.map(({ id }) => id));
  const slots = records.flatMap(({ process, asleep }) => process?.slot ?? asleep?.slot ?? []);
  const isOwner = (owner: string) => known.has(owner) || isHeld(owner);
  const [machines, environments, found, incompleteTemplates, straySockets] = await Promise.all([
    context.machines.remains.find(),
    lookAtEnvironments(context, records),
    network.inspect({ slots, isOwner }).catch((error: unknown) => {
      context.log.warn({ err: error }, 'the network could not be looked at');
      return undefined;
    }),
    context.templates.incomplete(),
    context.endpoints.strays(),
  ]);
  return { machines, environments, slots: found, incompleteTemplates, straySockets };
}

async function lookAtEnvironments(
  context: Context,
  records: readonly EnvironmentRecord[],
): Promise<ReadonlyMap<EnvironmentId, FoundEnvironment>> {
  const isOpen = await context.ingress.openNow();
  return new Map(
    await Promise.all(
      records.map(async (record) => {
        const { id, process, disk, address, ports, followed = [] } = record;
        const wanted = [...ports, ...followed.filter((port) => mayOpen(port, address))];
        const isOurs = process !== undefined && (process.boot ?? hostBootId()) === hostBootId();
        const found = {
          isAlive: isOurs && isAlive(process.process),
          isTaken: context.sessions.find(id) !== undefined,
          hasDisk: disk === undefined || (await hasDisk(disk)),
          hasEndpoint: await context.endpoints.isReachable(record),
          closedPorts: wanted.filter((port) => !isOpen(id, port)),
        };
        return [id, found] as const;
      }),
    ),
  );
}

/** Whether something is being done with an environment. What is done without a claim (its rest, its replicas, the end of its machine) counts as well. */
export function isBusy(context: Context, record: EnvironmentRecord): boolean {
  const { id, operation, reviving, replicaOf = id } = record;
  return (
    operation !== undefined ||
    reviving === true ||
    context.sessions.isSettling(id) ||
    context.sessions.find(id)?.ending === true ||
    context.sleepers.isTurning(id) ||
    context.replicas.isChanging(replicaOf)
  );
}
