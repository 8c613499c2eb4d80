import type { EngineBinding, EnginePublisher } from './engine.ts';
import { entriesAt, listAt, numberAt, textAt } from './json-reading.ts';

const SERVICE_LABEL = 'com.docker.compose.service';
/** What Podman allows as a name; anything else is no container's. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
/** More than a guest has ports. */
const MAX_BINDINGS = 131_072;

/** Podman's own list tells ranges as such; the Docker-compatible one leaves all but their first port out. */
export const PUBLISHERS_PATH = `/libpod/containers/json?filters=${encodeURIComponent(
  JSON.stringify({ status: ['running', 'paused'] }),
)}`;

/** What `GET /libpod/containers/json` says of published ports; what makes no sense is left out. */
export function publishersFrom(answer: unknown): EnginePublisher[] {
  let left = MAX_BINDINGS;
  return listAt({ all: answer }, 'all').flatMap((container): EnginePublisher[] => {
    const name = listAt(container, 'Names')[0];
    if (typeof name !== 'string' || !NAME.test(name)) return [];
    const service = new Map(entriesAt(container, 'Labels')).get(SERVICE_LABEL);
    const ports = listAt(container, 'Ports').flatMap((mapping) => {
      const bindings = bindingsOf(mapping, left);
      left -= bindings.length;
      return bindings;
    });
    if (ports.length === 0) return [];
    return [{ name, ports, ...(typeof service === 'string' && NAME.test(service) ? { service } : {}) }];
  });
}

function bindingsOf(mapping: unknown, most: number): EngineBinding[] {
  const containerPort = numberAt(mapping, 'container_port') ?? 0;
  const guestPort = numberAt(mapping, 'host_port') ?? 0;
  const count = Math.max(1, numberAt(mapping, 'range') ?? 1);
  const last = Math.max(containerPort, guestPort) + count - 1;
  if (![containerPort, guestPort, count].every((port) => Number.isInteger(port) && port > 0) || last > 65_535)
    return [];
  const hostAddress = addressFrom(textAt(mapping, 'host_ip') ?? '');
  return (textAt(mapping, 'protocol') ?? 'tcp').split(',').flatMap((protocol) =>
    Array.from({ length: Math.min(count, most) }, (_, index) => ({
      hostAddress,
      guestPort: guestPort + index,
      containerPort: containerPort + index,
      protocol: /^[a-z]{1,10}$/.test(protocol) ? protocol : 'unknown',
    })),
  );
}

function addressFrom(text: string): string {
  return /^[0-9a-fA-F:.]{0,45}$/.test(text) ? text : 'an unreadable address';
}
