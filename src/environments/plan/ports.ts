import type { ComposeProject } from '../../compose/index.ts';
import type { Problem, PublishedPort } from '../../model/index.ts';
import type { ExtraPort } from '../record.ts';

/** Compose's way to say "on every address"; for an environment that is its own address. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::', '127.0.0.1', 'localhost', '::1']);

/** What the file and `--publish` ask for, on the address of one environment. */
export function planPorts(
  project: ComposeProject,
  extra: readonly ExtraPort[],
  address: string,
): { readonly ports: readonly PublishedPort[]; readonly problems: readonly Problem[] } {
  const ports: PublishedPort[] = [];
  for (const port of project.services.flatMap((service) => service.ports)) {
    if (port.guestPort === undefined) continue;
    const { service, protocol, containerPort, guestPort } = port;
    const asked =
      port.hostAddress === undefined || ANY_ADDRESS.has(port.hostAddress) ? address : port.hostAddress;
    ports.push({
      service,
      protocol,
      hostAddress: asked,
      hostPort: port.hostPort ?? guestPort,
      guestPort,
      containerPort,
    });
  }
  const problems: Problem[] = [];
  for (const [index, wish] of extra.entries()) {
    const match = ports.find(
      (port) => port.service === wish.service && port.containerPort === wish.containerPort,
    );
    if (match === undefined) {
      const message = `service "${wish.service}" publishes no port ${wish.containerPort} in the Compose file`;
      problems.push({ path: `publish[${index}]`, message });
    } else {
      ports.push({ ...match, hostAddress: wish.hostAddress, hostPort: wish.hostPort });
    }
  }
  return { ports, problems };
}

/**
 * The ports of a fork: those that its parent has on its own address, on the fork's own. What the parent publishes
 * elsewhere stays with the parent, for one address and port has one owner.
 */
export function portsOfFork(
  ports: readonly PublishedPort[],
  parentAddress: string,
  address: string,
): PublishedPort[] {
  return ports
    .filter(({ hostAddress }) => hostAddress === parentAddress)
    .map(({ problem: _ofParent, ...port }) => ({ ...port, hostAddress: address }));
}
