import { expect, test } from 'vitest';
import { schemasAgreeWithModel } from '../../../src/contract/agreement.ts';
import {
  createValidator,
  EnvironmentSchema,
  ForkRequestSchema,
  OperationSchema,
  UpRequestSchema,
} from '../../../src/contract/index.ts';

const up = { compose: 'services: {}', projectDirectory: '/srv/shop', variables: {} };

test('schemas and the model say the same, or this file does not compile', () => {
  expect(schemasAgreeWithModel).toBe(true);
});

test('a valid request has no problems', () => {
  const validate = createValidator(UpRequestSchema);
  expect(validate(up)).toEqual([]);
  expect(
    validate({
      ...up,
      name: 'shop',
      shape: { vcpus: 2 },
      variables: { TAG: 'latest', 'odd key': '' },
      publish: [{ hostAddress: '0.0.0.0', hostPort: 80, service: 'web', containerPort: 8080 }],
    }),
  ).toEqual([]);
});

test('every problem is reported at once, with its path', () => {
  const problems = createValidator(UpRequestSchema)({
    name: 'Not A Name',
    compose: 1,
    variables: { A: 1 },
    shape: { vcpus: 0, cores: 2 },
    publish: [
      { hostAddress: '', hostPort: 80, service: 'web', containerPort: 80 },
      { hostPort: 70000, service: 'web' },
    ],
    surprise: true,
  });
  expect(problems.map((problem) => `${problem.path} ${problem.message}`).toSorted()).toEqual([
    'compose must be string',
    'name must match ^[a-z0-9][a-z0-9-]{0,39}$',
    'projectDirectory is required',
    'publish[1].containerPort is required',
    'publish[1].hostAddress is required',
    'publish[1].hostPort must be <= 65535',
    'shape.cores is not a known field',
    'shape.vcpus must be >= 1',
    'surprise is not a known field',
    'variables.A must be string',
  ]);
});

test.each([null, undefined, 1, 'text', [], [{}]])('%j is no request', (value) => {
  expect(createValidator(ForkRequestSchema)(value)).not.toEqual([]);
});

test('keys of the prototype are unknown fields as any other', () => {
  const validate = createValidator(ForkRequestSchema);
  expect(validate(JSON.parse('{"source":"a","__proto__":{}}'))).toMatchObject([{ path: '__proto__' }]);
  expect(validate({ source: 'a', constructor: 1 })).toMatchObject([{ path: 'constructor' }]);
});

test('fractions, negative and huge counts are refused', () => {
  const validate = createValidator(ForkRequestSchema);
  for (const count of [1.5, 0, -1, 1001, Number.NaN, '3']) {
    expect(validate({ source: 'a', count })).toMatchObject([{ path: 'count' }]);
  }
});

test('documents of the model are valid', () => {
  const failure = {
    code: 'disk-full',
    message: 'm',
    remedy: 'r',
    problems: [{ path: 'p', message: 'm', line: 1 }],
  };
  const operation = {
    id: 'op-0123456789ab',
    kind: 'up',
    targets: ['shop'],
    state: 'failed',
    createdAt: '2026-01-01T00:00:00.000Z',
    steps: [{ name: 'boot', title: 'boot the guest', startedAt: '2026-01-01T00:00:00.000Z', detail: '…' }],
    error: failure,
  };
  expect(createValidator(OperationSchema)(operation)).toEqual([]);
  expect(createValidator(OperationSchema)({ ...operation, state: 'lost' })).toMatchObject([
    { path: 'state' },
  ]);
  expect(createValidator(EnvironmentSchema)({})).toHaveLength(EnvironmentSchema.required.length);
});
