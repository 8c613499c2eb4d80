import type { HostFacts, MachineKind } from './facts.ts';

const MIB = 1024 ** 2;

/** What of a shape is more than the whole host has: a machine is never larger than its host, whatever it shares. */
export function beyondHost(
  { memoryMib, vcpus }: MachineKind['shape'],
  host: Pick<HostFacts, 'cpus' | 'memoryTotalBytes'>,
): { readonly name: 'memory' | 'vcpus'; readonly needed: number; readonly total: number }[] {
  return [
    { name: 'vcpus' as const, needed: vcpus, total: host.cpus },
    { name: 'memory' as const, needed: memoryMib * MIB, total: host.memoryTotalBytes },
  ].filter(({ needed, total }) => needed > total);
}
