import { expect, test } from 'vitest';
import { readCapacitySettings } from '../../../src/environments/capacity-settings.ts';

test('settings come from the environment; what is not set has its default', () => {
  expect(readCapacitySettings({})).toEqual({ vcpusPerCpu: 128 });
  expect(readCapacitySettings({ BERTH_MEMORY_RESERVE: '2GiB', BERTH_CPU_OVERCOMMIT: '4' })).toEqual({
    vcpusPerCpu: 4,
    memoryReserveBytes: 2 * 1024 ** 3,
  });
  expect(readCapacitySettings({ BERTH_MEMORY_RESERVE: '', BERTH_CPU_OVERCOMMIT: '' })).toEqual({
    vcpusPerCpu: 128,
  });
});

test.each([
  ['BERTH_MEMORY_RESERVE', 'much'],
  ['BERTH_CPU_OVERCOMMIT', '0'],
  ['BERTH_CPU_OVERCOMMIT', '1.5'],
])('%s=%s is refused with its name and form', (name, value) => {
  expect(() => readCapacitySettings({ [name]: value })).toThrow(`${name} is "${value}", which is not`);
});
