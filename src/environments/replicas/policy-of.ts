import type { ReplicaPolicy } from '../../model/index.ts';
import type { EnvironmentRecord } from '../record.ts';

/** How many machines an environment is to have: as was asked for, else as its Compose file says. Undefined when its own is all. */
export function policyOf({ scale, workload, replicaOf }: EnvironmentRecord): ReplicaPolicy | undefined {
  if (replicaOf !== undefined) return undefined;
  const policy = scale ?? workload.replicas;
  return policy === undefined || policy.max <= 1 ? undefined : policy;
}
