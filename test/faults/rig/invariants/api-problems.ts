import type { Environment, EnvironmentState, Operation } from '../../../../src/model/index.ts';

/** States that need no operation. */
const SETTLED: ReadonlySet<EnvironmentState> = new Set([
  ...(['running', 'frozen', 'asleep', 'stopped'] as const),
  ...(['degraded', 'crashed', 'failed'] as const),
]);
/** What somebody has to do something about. */
const NEEDS_REASON: ReadonlySet<EnvironmentState> = new Set(['degraded', 'crashed', 'failed']);
const HAS_MACHINE: ReadonlySet<EnvironmentState> = new Set(['running', 'frozen']);
const HAS_NONE: ReadonlySet<EnvironmentState> = new Set(['asleep', 'stopped', 'crashed', 'failed']);

/** What the API says of environments and operations that contradicts itself: nothing half-visible, every failure with its remedy (I2, I8). */
export function apiProblems(
  environments: readonly Environment[],
  operations: readonly Operation[],
): string[] {
  const problems: string[] = [];
  for (const { name, state, reason, pid, operation } of environments) {
    if (!SETTLED.has(state)) problems.push(`I2: ${name} is ${state}, and nothing works on it`);
    if (operation !== undefined) problems.push(`I2: ${name} is claimed by ${operation}, which has ended`);
    if (NEEDS_REASON.has(state) && (reason ?? '') === '')
      problems.push(`I8: ${name} is ${state} without a reason`);
    if (HAS_MACHINE.has(state) && pid === undefined)
      problems.push(`I3: ${name} is ${state} without a process`);
    if (HAS_NONE.has(state) && pid !== undefined)
      problems.push(`I3: ${name} is ${state} and has process ${pid}`);
  }
  for (const { id, kind, state, error } of operations) {
    if (state === 'succeeded') continue;
    if (!error?.message || !error.remedy)
      problems.push(`I8: ${kind} ${id} ${state} without cause or next step`);
    if (error?.code === 'internal') problems.push(`I8: ${kind} ${id} failed by a mistake: ${error.message}`);
  }
  const addresses = environments.map(({ address }) => address);
  if (new Set(addresses).size < addresses.length) problems.push('I3: two environments have one address');
  return problems;
}
