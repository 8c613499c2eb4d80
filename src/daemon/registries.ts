import type { Context, EnvironmentRegistry, Log } from '../environments/index.ts';
import { CACHE_PORT, GATEWAY_ADDRESS, homeNetwork } from '../network/index.ts';
import { Registries } from '../registries/index.ts';

/** Port beside it for the caches' own programs; guests do not reach it. */
const OUTSIDE_PORT = CACHE_PORT + 1;

/** The caches of container images of a home, and who may read what of them. */
export function openRegistries(o: {
  readonly home: string;
  readonly run: string;
  readonly homeId: string;
  readonly registry: EnvironmentRegistry;
  readonly log: Log;
}): Promise<Registries> {
  return Registries.open({
    ...{ home: o.home, run: o.run, homeId: o.homeId, log: o.log },
    address: homeNetwork(o.homeId).dnsAddress,
    ports: { front: CACHE_PORT, outside: OUTSIDE_PORT },
    frontForGuests: `${GATEWAY_ADDRESS}:${CACHE_PORT}`,
    accesses: () =>
      o.registry.list().map(({ name, process, workload }) => ({
        environment: name,
        address: process?.slot.guestReachableAt,
        registries: workload.registries ?? [],
      })),
  });
}

/** Machines that went on without a daemon can pull again. On a bare host there is no address yet, and no machine either. */
export async function listenForPulls({ registries, registry, log }: Context): Promise<void> {
  if (registry.list().length === 0) return;
  await registries.start().catch((error: unknown) => {
    log.warn({ err: error }, 'the caches of container images cannot be reached by guests');
  });
}
