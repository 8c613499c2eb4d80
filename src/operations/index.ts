export { createOperations, type OperationsOptions } from './create-operations.ts';
export { createEventLog, type EventLog, type EventLogOptions } from './event-log.ts';
export type {
  OperationContext,
  OperationResult,
  Operations,
  ProgressDurability,
  Recoverable,
  StartOptions,
  Step,
  Work,
} from './operations.ts';
