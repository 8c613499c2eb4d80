import { expect, test } from 'vitest';
import { TimeoutError } from '../../../src/base/index.ts';
import { asBerthError, BerthError, berthError, type ErrorCode, registry } from '../../../src/errors/index.ts';
import type { Failure } from '../../../src/model/index.ts';

const codes = Object.keys(registry) as ErrorCode[];

test.each(codes)('%s has a usable entry', (code) => {
  const { status, exitCode, summary, remedy } = registry[code];
  expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(exitCode).toBeGreaterThan(0);
  expect(exitCode).toBeLessThan(256);
  expect(summary).toMatch(/^[A-Z].*\.$/);
  expect(remedy).toMatch(/^[A-Z].*\.$/);
});

test('an error takes status, exit code and remedy from the registry', () => {
  const cause = new Error('EADDRINUSE');
  const error = berthError('port-in-use', '127.88.0.1:80 is held by nginx (pid 12)', { cause });
  expect(error).toBeInstanceOf(BerthError);
  expect(error).toMatchObject({ code: 'port-in-use', status: 409, exitCode: 4, cause, problems: [] });
  expect(error.remedy).toBe(registry['port-in-use'].remedy);
});

test('the form for the wire leaves out the cause, and the problems when there are none', () => {
  const bare: Failure = berthError('not-root', 'uid is 1000', {
    remedy: 'Use sudo.',
    cause: 'x',
  }).toFailure();
  expect(bare).toEqual({ code: 'not-root', message: 'uid is 1000', remedy: 'Use sudo.' });
  const problems = [{ path: 'services.web', message: 'unknown field', line: 3, column: 5 }];
  expect(berthError('compose-invalid', 'one problem', { problems }).toFailure()).toHaveProperty(
    'problems',
    problems,
  );
});

test('anything thrown becomes an error with a code', () => {
  const own = berthError('not-found', 'no environment shop');
  expect(asBerthError(own)).toBe(own);
  expect(asBerthError(new DOMException('stop', 'AbortError')).code).toBe('cancelled');
  expect(asBerthError(AbortSignal.abort().reason).code).toBe('cancelled');
  expect(asBerthError(new TimeoutError('Waited 1.0 s for the port'))).toMatchObject({
    code: 'timeout',
    message: 'Waited 1.0 s for the port',
  });
  expect(asBerthError(Object.assign(new Error('write'), { code: 'ENOSPC' })).code).toBe('disk-full');
  expect(asBerthError(new RangeError('odd'))).toMatchObject({ code: 'internal', message: 'odd' });
  expect(asBerthError('text')).toMatchObject({
    code: 'internal',
    message: 'Unexpected failure: text',
    cause: 'text',
  });
});
