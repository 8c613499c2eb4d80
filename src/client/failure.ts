import { asBerthError, BerthError, berthError, type ErrorCode, registry } from '../errors/index.ts';
import type { Failure, Problem } from '../model/index.ts';

/** The failure in the body of an answer with this status, as the error that the daemon threw. */
export function failureFrom(status: number, body: string): BerthError {
  const failure = parse(body);
  if (isFailure(failure)) return errorOf(failure);
  return berthError('internal', `The daemon answered with status ${status} and no failure in its body`);
}

/** A failure that came over the wire as an error; a code of a newer daemon becomes `internal`. */
export function errorOf(failure: Failure): BerthError {
  const { message, remedy, problems } = failure;
  const known = isErrorCode(failure.code);
  const text = known ? message : `${message} (${failure.code})`;
  return berthError(known ? failure.code : 'internal', text, {
    remedy,
    ...(problems === undefined ? {} : { problems }),
  });
}

/** True for an error after which the same request may succeed on a new connection. */
export function isLostConnection(error: unknown): boolean {
  return asBerthError(error).code === 'daemon-not-running';
}

export function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, remedy, problems } = value as Partial<Record<keyof Failure, unknown>>;
  const texts = [code, message, remedy].every((text) => typeof text === 'string');
  return texts && (problems === undefined || (Array.isArray(problems) && problems.every(isProblem)));
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { path, message } = value as Partial<Record<keyof Problem, unknown>>;
  return typeof path === 'string' && typeof message === 'string';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(registry, code);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
