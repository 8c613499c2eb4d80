import { formatDuration } from '../../base/index.ts';
import type { Operation, OperationStep } from '../../model/index.ts';
import { escapeMetadata } from '../terminal/escape.ts';

/** How a step stands: `failed` and `cancelled` are those that had not ended when their operation did. */
export type StepOutcome = 'done' | 'running' | 'failed' | 'cancelled';

/** Tells how one step of an operation stands. */
export function stepOutcome(operation: Pick<Operation, 'state'>, step: OperationStep): StepOutcome {
  if (step.endedAt !== undefined) return 'done';
  if (operation.state === 'failed') return 'failed';
  if (operation.state === 'cancelled') return 'cancelled';
  return operation.state === 'succeeded' ? 'done' : 'running';
}

/** Time a step took, or has taken until `nowMs`, in ms; never negative. */
export function stepElapsed(
  operation: Pick<Operation, 'endedAt'>,
  step: OperationStep,
  nowMs: number,
): number {
  const end = Date.parse(step.endedAt ?? operation.endedAt ?? '');
  return Math.max(0, (Number.isNaN(end) ? nowMs : end) - Date.parse(step.startedAt));
}

/** `boot the guest  1.2 s`, with the latest detail of a step that is not done. */
export function stepText(operation: Operation, step: OperationStep, nowMs: number): string {
  const elapsed = formatDuration(stepElapsed(operation, step, nowMs));
  const title = escapeMetadata(step.title);
  const detail = step.detail === undefined || step.detail === '' ? '' : `  ${escapeMetadata(step.detail)}`;
  return stepOutcome(operation, step) === 'done' ? `${title}  ${elapsed}` : `${title}  ${elapsed}${detail}`;
}
