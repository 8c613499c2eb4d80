import { parseByteSize } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { CapacitySettings } from '../placement/index.ts';

/** An idle guest takes about one hundredth of a core: more would not get their turn. */
const VCPUS_PER_CPU = 128;

/**
 * What the environment variables `BERTH_MEMORY_RESERVE` (a size, such as `2GiB`) and `BERTH_CPU_OVERCOMMIT` (virtual CPUs for each CPU) say.
 * @throws `bad-request`
 */
export function readCapacitySettings(env: Readonly<Record<string, string | undefined>>): CapacitySettings {
  const reserve = read(env, 'BERTH_MEMORY_RESERVE', 'a size such as 2GiB', parseByteSize);
  const overcommit = read(env, 'BERTH_CPU_OVERCOMMIT', 'a whole number of 1 or more', (text) =>
    /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined,
  );
  return {
    vcpusPerCpu: overcommit ?? VCPUS_PER_CPU,
    ...(reserve === undefined ? {} : { memoryReserveBytes: reserve }),
  };
}

function read(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  form: string,
  parse: (text: string) => number | undefined,
): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  throw berthError('bad-request', `${name} is "${text}", which is not ${form}`);
}
