import type { HostLoss } from '../model/index.ts';
import { expectedUse } from './expected-use.ts';
import type { Facts, Resident } from './facts.ts';
import { type Left, leftOn } from './left-on.ts';

/**
 * What happens when the host with the most memory is lost: what lived there is started elsewhere, sharing nothing, those with the most memory
 * first, each where the most is left.
 */
export function hostLoss(facts: Facts): HostLoss {
  const lost = facts.hosts.reduce((most, one) => (one.memoryTotalBytes > most.memoryTotalBytes ? one : most));
  const homeless = facts.residents
    .filter(({ host, life }) => host === lost.name && life !== 'down')
    .map((one) => needOf(one, facts))
    .toSorted((a, b) => b.bytes - a.bytes);
  const survivors = facts.hosts.filter((host) => host !== lost).map((host) => leftOn(host, facts));
  let elsewhere = 0;
  for (const { bytes, vcpus } of homeless) {
    const [target] = survivors
      .filter((left) => left.bytes >= bytes && left.vcpus >= vcpus)
      .toSorted((a, b) => b.bytes - a.bytes);
    if (target === undefined) continue;
    target.bytes -= bytes;
    target.vcpus -= vcpus;
    elsewhere += 1;
  }
  return { host: lost.name, environments: homeless.length, elsewhere, lost: homeless.length - elsewhere };
}

function needOf(one: Resident, facts: Facts): Left {
  return {
    bytes: expectedUse({ ...one, start: 'boot' }, facts).memoryBytes,
    vcpus: one.shape.vcpus,
  };
}
