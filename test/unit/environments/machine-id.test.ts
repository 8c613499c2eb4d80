import { expect, test } from 'vitest';
import { machineIdOf } from '../../../src/environments/machine-life.ts';
import type { EnvironmentId } from '../../../src/model/index.ts';

const one = { id: 'env-000000000001' as EnvironmentId };
const other = { id: 'env-000000000002' as EnvironmentId };

test('a machine id stays through the life of an environment, and no other has it', () => {
  expect(machineIdOf(one)).toMatch(/^[0-9a-f]{32}$/);
  expect(machineIdOf({ ...one })).toBe(machineIdOf(one));
  expect(machineIdOf(other)).not.toBe(machineIdOf(one));
});
