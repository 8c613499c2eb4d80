import { assertNever } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import type { NetworkManager } from '../../network/index.ts';
import type { Context } from '../context.ts';
import { reopenEndpoint } from '../endpoint.ts';
import { reopenPorts } from '../following.ts';
import type { Repair } from '../plan/differences.ts';
import type { EnvironmentRecord } from '../record.ts';
import { removeOrphan } from './orphans.ts';
import { settleMachine } from './settle.ts';

/** The part of the network that repairs need. */
export type RepairNetwork = Pick<NetworkManager, 'release' | 'nameAgain'>;

/** Does what mends a difference. Every repair may be repeated. */
export async function carryOut(context: Context, network: RepairNetwork, repair: Repair): Promise<void> {
  const { templates, endpoints } = context;
  switch (repair.do) {
    case 'end-process':
    case 'remove-directory':
    case 'remove-cgroup':
      return removeOrphan(context.machines.remains, repair);
    case 'remove-slot':
      return network.release(repair.slot);
    case 'remove-template':
      return templates.remove(repair.template);
    case 'remove-socket':
      return endpoints.removeStray(repair.file);
    case 'settle':
      return settleMachine(context, repair.id);
    case 'unclaim':
      return unclaim(context, recordOf(context, repair.id), repair.operation);
    case 'join-cgroup':
      return joinCgroup(context, recordOf(context, repair.id));
    case 'name-namespace':
      return nameNamespace(network, recordOf(context, repair.id));
    case 'open-endpoint':
      return reopenEndpoint(context, recordOf(context, repair.id));
    case 'open-ports':
      return openPorts(context, recordOf(context, repair.id));
    default:
      return assertNever(repair);
  }
}

/** A claim goes with its operation; what that was about to do is over. */
async function unclaim(context: Context, record: EnvironmentRecord, operation: string): Promise<void> {
  if (record.operation !== operation) return;
  const { state } = record;
  const isHalf = state === 'creating' || state === 'removing';
  const reason = `an operation ended while the environment was ${state}; \`./berth rm ${record.name}\` removes it`;
  const change = isHalf ? ({ state: 'failed', reason } as const) : {};
  const free = await context.registry.update(record.id, { operation: undefined, ...change });
  const isBetween = state === 'starting' || state === 'stopping';
  if (free === undefined || !isBetween) return;
  if (context.sessions.find(record.id) === undefined) await settleMachine(context, free.id);
  else await context.registry.update(record.id, { state: 'degraded', reason: `it was left ${state}` });
}

async function joinCgroup({ machines }: Context, { id, boot, process }: EnvironmentRecord): Promise<void> {
  if (process === undefined) return;
  await machines.remains.putIntoCgroup(id, boot.shape, process.process.pid);
}

async function nameNamespace(network: RepairNetwork, { process }: EnvironmentRecord): Promise<void> {
  if (process !== undefined) await network.nameAgain(process.slot, process.process.pid);
}

/** @throws `port-in-use` when a port still cannot be had: who has it is written down */
async function openPorts(context: Context, record: EnvironmentRecord): Promise<void> {
  await reopenPorts(context, record);
  const { ports, followed = [] } = context.registry.get(record.id);
  const problem = [...ports, ...followed].find((port) => port.problem !== undefined)?.problem;
  if (problem !== undefined) throw berthError('port-in-use', problem);
}

function recordOf(context: Context, id: EnvironmentId): EnvironmentRecord {
  return context.registry.get(id);
}
