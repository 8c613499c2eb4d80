import type { EngineBinding, EnginePublisher } from '../../guest/index.ts';
import type { Protocol, PublishedPort } from '../../model/index.ts';

/** More than these are not followed: a guest must not fill the host with listeners. */
export const MAX_FOLLOWED_PORTS = 2_000;
/** A machine's own SSH server. */
const OWN_PORT = '22/tcp';
/** What a container may be bound to in the guest and mean "the environment's own address". */
const OWN_ADDRESSES = new Set(['', '0.0.0.0', '::', '::1', 'localhost', '100.64.0.2']);

/** What the containers of a guest publish beside what the Compose file plans. */
export interface FollowedPorts {
  /** By port and protocol; those that are not to be opened have a `problem`. */
  readonly ports: readonly PublishedPort[];
  /** What cannot be told as a port. */
  readonly problems: readonly string[];
}

/**
 * The ports on an environment's address that its containers ask for. `planned` are ports of the machine, as `8080/tcp`, that belong
 * to the Compose file: whatever publishes them, they are open, or not, as the file says.
 */
export function followedPorts(
  publishers: readonly EnginePublisher[],
  planned: ReadonlySet<string>,
  address: string,
): FollowedPorts {
  const ports = new Map<string, PublishedPort>();
  const problems: string[] = [];
  for (const publisher of publishers) {
    for (const binding of publisher.ports) {
      const protocol = protocolOf(binding);
      if (protocol === undefined) {
        problems.push(
          `container "${publisher.name}": protocol ${binding.protocol} is not carried to the host`,
        );
        continue;
      }
      const key = `${binding.guestPort}/${protocol}`;
      if (planned.has(key) || key === OWN_PORT) continue;
      const port = portOf(publisher, binding, protocol, address);
      // Published on several addresses, it is open once; one that may be opened counts more.
      if (ports.get(key)?.problem !== undefined || !ports.has(key)) ports.set(key, port);
    }
  }
  const sorted = [...ports.values()].toSorted(
    (a, b) => a.guestPort - b.guestPort || a.protocol.localeCompare(b.protocol),
  );
  if (sorted.length > MAX_FOLLOWED_PORTS) {
    const first = sorted[MAX_FOLLOWED_PORTS];
    problems.push(
      `containers publish ${sorted.length} ports; those from ${first?.guestPort ?? 0} on are not opened on the host`,
    );
  }
  return { ports: sorted.slice(0, MAX_FOLLOWED_PORTS), problems };
}

/** True when a followed port may be opened: only ever on the environment's own address, whatever the guest asks for. */
export function mayOpen(port: PublishedPort, address: string): boolean {
  return port.hostAddress === address;
}

function portOf(
  { name, service }: EnginePublisher,
  binding: EngineBinding,
  protocol: Protocol,
  address: string,
): PublishedPort {
  const { hostAddress, guestPort, containerPort } = binding;
  const base = { service: service ?? name, container: name, protocol, guestPort, containerPort };
  if (OWN_ADDRESSES.has(hostAddress) || hostAddress.startsWith('127.'))
    return { ...base, hostAddress: address, hostPort: guestPort };
  const problem = `a container cannot open ports at ${hostAddress}; publish it without an address, or in the Compose file`;
  return { ...base, hostAddress, hostPort: guestPort, problem };
}

function protocolOf({ protocol }: EngineBinding): Protocol | undefined {
  return protocol === 'tcp' || protocol === 'udp' ? protocol : undefined;
}
