import type { ProcessIdentity } from '../../host/index.ts';
import type { FoundMachines, MachinePlace } from '../../machines/index.ts';
import type { Difference, EnvironmentId, PublishedPort, TemplateId } from '../../model/index.ts';
import type { NetworkSlot, SlotFindings } from '../../network/index.ts';
import type { EnvironmentRecord } from '../record.ts';

/** What is written down, and what this daemon is at. */
export interface Books {
  readonly records: readonly EnvironmentRecord[];
  /** Environments that something is being done with: these are left alone. */
  readonly busy: ReadonlySet<EnvironmentId>;
  /** Machines without a record that are wanted all the same. */
  readonly isHeld: (id: string) => boolean;
  /** Whether an operation is under way. */
  readonly isRunning: (operation: string) => boolean;
}

/** What was found of one environment. */
export interface FoundEnvironment {
  /** Its process on record is there. */
  readonly isAlive: boolean;
  /** This daemon speaks with its machine. */
  readonly isTaken: boolean;
  readonly hasDisk: boolean;
  /** Its Docker endpoint can be reached. */
  readonly hasEndpoint: boolean;
  /** Ports that are to be open and are not. */
  readonly closedPorts: readonly PublishedPort[];
}

/** What is on the host. */
export interface Reality {
  readonly machines: FoundMachines;
  readonly environments: ReadonlyMap<EnvironmentId, FoundEnvironment>;
  /** Undefined where the network could not be looked at. */
  readonly slots: SlotFindings | undefined;
  /** Templates without a manifest that nobody makes. */
  readonly incompleteTemplates: readonly TemplateId[];
  /** Files of Docker endpoints that are nobody's. */
  readonly straySockets: readonly string[];
}

/** What takes away something of a machine that nobody knows. */
export type OrphanRepair =
  | { readonly do: 'end-process'; readonly process: ProcessIdentity }
  | { readonly do: 'remove-directory'; readonly place: MachinePlace; readonly id: string }
  | { readonly do: 'remove-cgroup'; readonly id: string };

/** What mends a difference. */
export type Repair =
  | OrphanRepair
  | { readonly do: 'remove-slot'; readonly slot: NetworkSlot }
  | { readonly do: 'remove-template'; readonly template: TemplateId }
  | { readonly do: 'remove-socket'; readonly file: string }
  | { readonly do: 'settle'; readonly id: EnvironmentId }
  | { readonly do: 'unclaim'; readonly id: EnvironmentId; readonly operation: string }
  | { readonly do: 'join-cgroup'; readonly id: EnvironmentId }
  | { readonly do: 'name-namespace'; readonly id: EnvironmentId }
  | { readonly do: 'open-endpoint'; readonly id: EnvironmentId }
  | { readonly do: 'open-ports'; readonly id: EnvironmentId };

/** A difference with what mends it. */
export interface FoundDifference extends Difference {
  /** The same for the same difference, whenever it is seen. */
  readonly key: string;
  readonly act?: Repair;
}

const WORKING: ReadonlySet<string> = new Set(['running', 'frozen', 'degraded', 'starting', 'stopping']);
const SERVING: ReadonlySet<string> = new Set(['running', 'frozen', 'asleep']);

/** Everything in which books and reality differ, in the order in which it is to be mended. */
export function compare(books: Books, reality: Reality): FoundDifference[] {
  return [
    ...books.records.flatMap((record) => ofEnvironment(record, books, reality)),
    ...orphansOf(books, reality),
    ...networkOf(books, reality),
    ...leftoversOf(books, reality),
  ];
}

/** Processes, directories and control groups of machines that nobody knows. A process comes before its directory. */
export function orphansOf(
  { records, isHeld }: Pick<Books, 'records' | 'isHeld'>,
  { machines }: Pick<Reality, 'machines'>,
): (FoundDifference & { readonly act: OrphanRepair })[] {
  const known = new Set<string>(records.map(({ id }) => id));
  const isOrphan = ({ id }: { readonly id: string }) => !known.has(id) && !isHeld(id);
  const orphan = (kind: string, subject: string, what: string, repair: string, act: OrphanRepair) => ({
    ...{ key: `${kind} ${subject}`, kind, subject, repair, act },
    message: `${what} belongs to no environment`,
  });
  return [
    ...machines.processes.filter(isOrphan).map(({ id, process }) =>
      orphan(
        'orphan-process',
        `process ${process.pid} (${id})`,
        `QEMU process ${process.pid} of ${id}`,
        'it is ended',
        {
          do: 'end-process',
          process,
        },
      ),
    ),
    ...machines.directories.filter(isOrphan).map(({ id, place }) =>
      orphan('orphan-directory', `directory ${id}`, `the directory ${place}/${id}`, 'it is removed', {
        do: 'remove-directory',
        place,
        id,
      }),
    ),
    ...machines.cgroups.filter(isOrphan).map(({ id }) =>
      orphan('orphan-cgroup', `cgroup ${id}`, `the control group of ${id}`, 'it is removed', {
        do: 'remove-cgroup',
        id,
      }),
    ),
  ];
}

function ofEnvironment(record: EnvironmentRecord, books: Books, reality: Reality): FoundDifference[] {
  const { id, name, operation } = record;
  const found = reality.environments.get(id);
  if (found === undefined) return [];
  const differ = differing(record);
  if (operation !== undefined && !books.isRunning(operation)) {
    const message = `it is claimed by operation ${operation}, which has ended`;
    return [differ('stale-claim', message, 'the claim is given up', { do: 'unclaim', id, operation })];
  }
  if (books.busy.has(id)) return [];
  const lost = machineOf(record, found);
  if (lost !== undefined) return [lost];
  const differences: FoundDifference[] = [];
  if (!found.hasEndpoint) {
    const message = 'its Docker endpoint has no socket';
    differences.push(differ('endpoint-closed', message, 'it is opened', { do: 'open-endpoint', id }));
  }
  if (found.closedPorts.length > 0 && SERVING.has(record.state)) {
    const ports = found.closedPorts
      .map(({ hostAddress, hostPort }) => `${hostAddress}:${hostPort}`)
      .join(', ');
    const message = `${ports} ${found.closedPorts.length === 1 ? 'is' : 'are'} not open`;
    differences.push(differ('port-closed', message, 'it is tried again', { do: 'open-ports', id }));
  }
  if (found.isAlive && !found.hasDisk) {
    const message =
      'the file of its disk was removed while its machine runs; what it holds is lost with its end';
    const remedy = `Copy what is needed out of it now: \`./berth cp\`, \`./berth volume export\`, before ${name} ends.`;
    differences.push({ ...differ('disk-unlinked', message), remedy });
  }
  return [...differences, ...cgroupOf(record, found, reality)];
}

/** What the books say of its machine and is not so. */
function machineOf(record: EnvironmentRecord, found: FoundEnvironment): FoundDifference | undefined {
  const { id, process, asleep, state, disk } = record;
  const differ = differing(record);
  const settle = { do: 'settle', id } as const;
  if (process !== undefined && found.isAlive && !found.isTaken)
    return differ('machine-not-taken', 'its machine runs and was not taken over', 'it is taken over', settle);
  if (process !== undefined && !found.isAlive)
    return differ('machine-gone', `process ${process.process.pid} has ended`, 'that is noted', settle);
  if (process === undefined && asleep === undefined && WORKING.has(state))
    return differ('machine-missing', `it is ${state} and has no machine`, 'that is noted', settle);
  if (process === undefined && disk !== undefined && !found.hasDisk && state !== 'failed')
    return differ('disk-missing', 'its disk is missing', 'that is noted', settle);
  return undefined;
}

function cgroupOf(record: EnvironmentRecord, found: FoundEnvironment, reality: Reality): FoundDifference[] {
  const { id, process } = record;
  if (process === undefined || !found.isAlive) return [];
  const { pid } = process.process;
  const isIn = reality.machines.cgroups.some((cgroup) => cgroup.id === id && cgroup.pids.includes(pid));
  if (isIn) return [];
  const message = `process ${pid} is not in its control group: it has no limits`;
  return [differing(record)('cgroup-left', message, 'it is put back', { do: 'join-cgroup', id })];
}

function networkOf({ records, busy }: Books, { slots }: Reality): FoundDifference[] {
  if (slots === undefined) return [];
  const owners = new Map(
    records.map((record) => [(record.process?.slot ?? record.asleep?.slot)?.namespace, record]),
  );
  const broken = slots.broken.flatMap(({ slot, missing }): FoundDifference[] => {
    const record = owners.get(slot.namespace);
    if (record === undefined || busy.has(record.id)) return [];
    const differ = differing(record);
    if (missing === 'namespace' && record.process !== undefined) {
      const message = `its network namespace ${slot.namespace} has lost its name`;
      return [
        differ('namespace-unnamed', message, 'it is named again', { do: 'name-namespace', id: record.id }),
      ];
    }
    const message = `the network interface of its machine is gone (${slot.namespace}): nobody reaches it`;
    return [{ ...differ('link-missing', message), remedy: `./berth restart ${record.name}` }];
  });
  const orphans = slots.orphans.map((slot) => {
    const { namespace: subject } = slot;
    const message = `the network namespace ${subject} belongs to no machine`;
    const act = { do: 'remove-slot', slot } as const;
    return {
      key: `orphan-slot ${subject}`,
      kind: 'orphan-slot',
      subject,
      message,
      repair: 'it is removed',
      act,
    };
  });
  return [...broken, ...orphans];
}

function leftoversOf({ records }: Books, { incompleteTemplates, straySockets }: Reality): FoundDifference[] {
  const needed = new Set(
    records.flatMap(({ disk, freezing }) => [...(disk?.layers ?? []), freezing?.template ?? []].flat()),
  );
  const templates = incompleteTemplates
    .filter((template) => !needed.has(template))
    .map((template) => ({
      ...{ key: `incomplete-template ${template}`, kind: 'incomplete-template', subject: template },
      message: `the template ${template} was not finished`,
      ...{ repair: 'it is removed', act: { do: 'remove-template', template } as const },
    }));
  const sockets = straySockets.map((file) => ({
    ...{ key: `stray-socket ${file}`, kind: 'stray-socket', subject: file },
    message: `${file} is no environment's Docker endpoint`,
    ...{ repair: 'it is removed', act: { do: 'remove-socket', file } as const },
  }));
  return [...templates, ...sockets];
}

function differing({ id, name }: EnvironmentRecord) {
  return (kind: string, message: string, repair?: string, act?: Repair): FoundDifference => ({
    ...{ key: `${kind} ${id}`, kind, subject: name, message },
    ...(repair === undefined ? {} : { repair }),
    ...(act === undefined ? {} : { act }),
  });
}

/** Differences that were there at both looks: what one of them saw may have been on its way. */
export function lasting(
  now: readonly FoundDifference[],
  before: readonly FoundDifference[],
): FoundDifference[] {
  const seen = new Set(before.map(({ key }) => key));
  return now.filter(({ key }) => seen.has(key));
}
