/** What `--publish ADDRESS:PORT:SERVICE:PORT[/udp]` asks for. */
export interface Publish {
  /** Address on the host to listen on, IPv4 or IPv6. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** Compose service. */
  readonly service: string;
  /** Port inside the service's container. */
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
}

const SHAPE = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5}):([A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})(?:\/(tcp|udp))?$/;

/** Reads one `--publish`; `undefined` when it does not have the form `ADDRESS:PORT:SERVICE:PORT[/udp]`. */
export function parsePublish(text: string): Publish | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, ipv6, ipv4, hostPort, service, containerPort, protocol] = match;
  const hostAddress = ipv6 ?? ipv4 ?? '';
  if (ipv6 === undefined ? !isIpv4(hostAddress) : !ipv6.includes(':')) return undefined;
  const host = portNumber(hostPort);
  const container = portNumber(containerPort);
  if (host === undefined || container === undefined || service === undefined) return undefined;
  return {
    hostAddress,
    hostPort: host,
    service,
    containerPort: container,
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
  };
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function portNumber(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
