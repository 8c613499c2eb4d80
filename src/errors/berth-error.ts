import type { Failure, Problem } from './failure.ts';
import { type ErrorCode, registry } from './registry.ts';

/** What an error may carry beside its code and message. */
export interface BerthErrorOptions {
  /** The next thing to do, where it is more exact than the registry's. */
  readonly remedy?: string;
  /** Every problem of a file or a request, in order. */
  readonly problems?: readonly Problem[];
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** A failure with a code of the registry, a fact, a remedy and its cause. Match on `code`, never on `message`. */
export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly code: ErrorCode;
  /** HTTP status of an answer that reports it. */
  readonly status: number;
  /** Exit code of a command that ends with it. */
  readonly exitCode: number;
  /** The next command to type or the next thing to do. */
  readonly remedy: string;
  /** Every problem of a file or a request; empty when the message says it all. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = registry[code];
    this.code = code;
    this.status = entry.status;
    this.exitCode = entry.exitCode;
    this.remedy = options.remedy ?? entry.remedy;
    this.problems = options.problems ?? [];
  }

  /** The form that goes over the wire; the cause stays here. */
  toFailure(): Failure {
    const { code, message, remedy, problems } = this;
    return problems.length === 0 ? { code, message, remedy } : { code, message, remedy, problems };
  }
}

/** Makes a {@link BerthError}; status, exit code and, by default, the remedy come from the registry. */
export function berthError(code: ErrorCode, message: string, options: BerthErrorOptions = {}): BerthError {
  return new BerthError(code, message, options);
}

/**
 * Anything thrown, as a {@link BerthError}: one that is one already is returned as it is, an aborted wait is
 * `cancelled`, a passed deadline is `timeout`, a full disk is `disk-full`, another lack of the host `host-exhausted`, all else is `internal`.
 */
export function asBerthError(error: unknown): BerthError {
  if (error instanceof BerthError) return error;
  if (!(error instanceof Error))
    return new BerthError('internal', `Unexpected failure: ${String(error)}`, { cause: error });
  return new BerthError(codeOf(error), error.message, { cause: error });
}

/** What a host has run out of, by the system's word for it. */
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EMFILE: 'host-exhausted',
  ENFILE: 'host-exhausted',
  EAGAIN: 'host-exhausted',
  ENOMEM: 'host-exhausted',
};

function codeOf(error: Error): ErrorCode {
  if (error.name === 'AbortError') return 'cancelled';
  if (error.name === 'TimeoutError') return 'timeout';
  return ('code' in error && SYSTEM_CODES[String(error.code)]) || 'internal';
}
