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
  const named: string = state;
  if (named === 'asleep') return 'asleep';
  if (process !== undefined) return named === 'frozen' ? 'held' : 'running';
  return returning === true ? 'asleep' : 'down';
}

/** What the start of an environment from its own disk takes. */
export function bootWanted({ name, shape, workload }: EnvironmentRecord): {
  readonly kind: MachineKind;
  readonly names: readonly string[];
} {
  return { kind: { start: 'boot', shape, project: workload.project }, names: [name] };
}
