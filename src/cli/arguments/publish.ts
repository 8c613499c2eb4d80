import type { PublishRequest } from '../../contract/index.ts';

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5}):([A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})$/;

/** Reads one `--publish`; `undefined` when it does not have the form `ADDRESS:PORT:SERVICE:PORT` (`[IPv6]` in brackets). */
export function parsePublish(text: string): PublishRequest | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, ipv6, ipv4, hostText, service, containerText] = match;
  const hostAddress = ipv6 ?? ipv4 ?? '';
  if (ipv6 === undefined ? !isIpv4(hostAddress) : !ipv6.includes(':')) return undefined;
  const hostPort = portNumber(hostText);
  const containerPort = portNumber(containerText);
  if (hostPort === undefined || containerPort === undefined || service === undefined) return undefined;
  return { hostAddress, hostPort, service, containerPort };
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function portNumber(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
