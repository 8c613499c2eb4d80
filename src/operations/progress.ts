import type { Failure, Operation, OperationId, OperationState } from '../model/index.ts';

/** The changes an operation goes through, as pure functions; a step is known by its index. */

export function begun(id: string, kind: string, targets: readonly string[], at: string): Operation {
  return { id: id as OperationId, kind, targets: [...targets], state: 'running', createdAt: at, steps: [] };
}

export function withStep(operation: Operation, name: string, title: string, at: string): Operation {
  return { ...operation, steps: [...operation.steps, { name, title, startedAt: at }] };
}

export function withStepDetail(operation: Operation, index: number, detail: string): Operation {
  return {
    ...operation,
    steps: operation.steps.map((step, at) => (at === index ? { ...step, detail } : step)),
  };
}

export function withStepEnd(operation: Operation, index: number, endedAt: string): Operation {
  return {
    ...operation,
    steps: operation.steps.map((step, at) => (at === index ? { ...step, endedAt } : step)),
  };
}

/** How an operation ends. */
export interface Outcome {
  readonly state: Extract<OperationState, 'succeeded' | 'failed' | 'cancelled'>;
  readonly names?: readonly string[];
  readonly error?: Failure;
}

/** A step that had not ended stays so: it is the one that failed or was cancelled. */
export function withOutcome(operation: Operation, outcome: Outcome, endedAt: string): Operation {
  return {
    ...operation,
    state: outcome.state,
    endedAt,
    ...(outcome.names === undefined ? {} : { result: { names: [...outcome.names] } }),
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
  };
}

/** Time spent in ended steps, in ms, by name. */
export function stepMs(operation: Operation): Record<string, number> {
  const spent: Record<string, number> = {};
  for (const { name, startedAt, endedAt } of operation.steps) {
    if (endedAt === undefined) continue;
    spent[name] = (spent[name] ?? 0) + Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
  }
  return spent;
}
