import { readText } from './files.ts';

/** Bits of the capabilities that somebody asks for, by `capabilities(7)`. */
const BITS = { 'sys-resource': 24n } as const;

/** Whether this process has a capability; root has not each of them in some containers. */
export async function hasCapability(name: keyof typeof BITS): Promise<boolean> {
  const text = (await readText('/proc/self/status')) ?? '';
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(text)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BITS[name]) & 1n) === 1n;
}
