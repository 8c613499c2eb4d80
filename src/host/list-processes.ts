import { readdirSync } from 'node:fs';
import { hasEnded, type ProcessIdentity } from './process-identity.ts';
import { readProcessStat } from './process-stat.ts';

/** Every process that is alive now, each with the identity that tells it from a later one of the same number. */
export function listProcesses(): ProcessIdentity[] {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? readProcessStat(Number(name)) : undefined;
    return stat === undefined || hasEnded(stat) ? [] : [{ pid: Number(name), startTicks: stat.startTicks }];
  });
}
