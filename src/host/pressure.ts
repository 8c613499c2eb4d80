import { readFile } from 'node:fs/promises';

/**
 * Share of the last ten seconds in which some task waited for a resource, in percent: the kernel's pressure stall information
 * (`/proc/pressure`). Undefined where the kernel does not keep it.
 */
export async function stalledPercent(resource: 'cpu' | 'memory' | 'io'): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/pressure/${resource}`, 'utf8');
    const value = /^some avg10=(\d+\.\d+)/m.exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
