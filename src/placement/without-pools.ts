import type { Facts, Resident } from './facts.ts';

/** Memory that the end of all warm forks would give back. */
export function pooledBytes(residents: readonly Resident[]): number {
  return residents.reduce((sum, { pooled, ownBytes = 0 }) => sum + (pooled ? ownBytes : 0), 0);
}

/** The same moment with all warm forks given up, as they are when an environment needs their room. */
export function withoutPools(facts: Facts): Facts {
  const [first, ...others] = facts.hosts;
  const memoryAvailableBytes = first.memoryAvailableBytes + pooledBytes(facts.residents);
  return {
    ...facts,
    hosts: [{ ...first, memoryAvailableBytes }, ...others],
    residents: facts.residents.filter(({ pooled }) => !pooled),
  };
}
