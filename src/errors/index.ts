export { asBerthError, BerthError, type BerthErrorOptions, berthError } from './berth-error.ts';
export type { Failure, Problem } from './failure.ts';
export { type ErrorCode, type ErrorEntry, registry } from './registry.ts';
