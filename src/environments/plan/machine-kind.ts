import type { MachineKind, Resident } from '../../placement/index.ts';
import type { EnvironmentRecord } from '../record.ts';

/** What an environment's machine is like, and how it began. */
export function kindOf({ shape, workload, process, parent }: EnvironmentRecord): MachineKind {
  const fromTemplate = parent === undefined ? 'up' : 'fork';
  return {
    start: process?.origin === 'disk' ? 'boot' : fromTemplate,
    shape,
    project: workload.project,
  };
}

/** What of the host an environment has. */
export function lifeOf({ state, process, returning }: EnvironmentRecord): Resident['life'] {
  if (state === 'asleep') return 'asleep';
  if (process !== undefined) return state === 'frozen' ? 'held' : 'running';
  return returning === true ? 'asleep' : 'down';
}

interface Wanted {
  readonly kind: MachineKind;
  readonly names: readonly string[];
}

/** What the start of an environment from its own disk takes. */
export function bootWanted(record: EnvironmentRecord): Wanted {
  return wantedOf(record, 'boot');
}

/** What an environment takes that is woken from its sleep. */
export function wakeWanted(record: EnvironmentRecord): Wanted {
  return wantedOf(record, 'wake');
}

function wantedOf({ name, shape, workload }: EnvironmentRecord, start: MachineKind['start']): Wanted {
  return { kind: { start, shape, project: workload.project }, names: [name] };
}
