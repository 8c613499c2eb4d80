import type { Protocol } from '../model/index.ts';
import { checkKeys } from './check-keys.ts';
import { PORT_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { child, isText, type MapValue, textOf, type Value } from './value.ts';

/** One published port before it is known which service it belongs to. */
export interface PortMapping {
  readonly protocol: Protocol;
  readonly hostAddress?: string;
  readonly hostPort?: number;
  readonly containerPort: number;
}

interface PortParts {
  readonly hostAddress?: string;
  /** A port, a range, or `''`. */
  readonly published: string;
  readonly target: string;
  readonly protocol: string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Ports that one entry may stand for. */
const MAX_RANGE = 1_000;
const LONG_FORM_MODES = ['host', 'ingress'];

/** Reads one entry of `ports`, in the short or the long form; a range becomes several mappings. */
export function readPortEntry(value: Value, path: string, problems: ProblemList): PortMapping[] {
  const note = (message: string) => problems.add('invalid', path, message, value.place.start);
  if (value.kind === 'map') {
    checkKeys(value, path, PORT_KEYS, problems);
    return expand(longForm(value, note), note);
  }
  if (!isText(value) || value.kind === 'null' || value.kind === 'boolean') {
    note('must be "HOST:CONTAINER", a port, or a map with "target"');
    return [];
  }
  const parts = splitShortForm(value.text);
  if (parts === undefined) {
    note(`"${shorten(value.text)}" is no port; write "8080:80", "127.0.0.1:8080:80", "80" or "53:53/udp"`);
    return [];
  }
  return expand(parts, note);
}

/** Splits `[address:][host]:container[/protocol]`; IPv6 addresses stand in brackets. Undefined when it has no such shape. */
export function splitShortForm(text: string): PortParts | undefined {
  const match = /^(?:(\[[0-9A-Fa-f:.]+\]|[^:[\]/]*):)??(?:([^:[\]/]*):)?([^:[\]/]+)(?:\/([A-Za-z]+))?$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, address = '', published = '', target = '', protocol = 'tcp'] = match;
  const bare = address.replace(/^\[|\]$/g, '');
  return { ...(bare === '' ? {} : { hostAddress: bare }), published, target, protocol };
}

function longForm(map: MapValue, note: (message: string) => void): PortParts | undefined {
  const target = textOf(map, 'target');
  if (target === undefined) {
    if (child(map, 'target') === undefined) note('has no "target", the port inside the container');
    return undefined;
  }
  const mode = textOf(map, 'mode');
  if (mode !== undefined && !LONG_FORM_MODES.includes(mode))
    note(`mode "${shorten(mode)}" is neither host nor ingress`);
  const address = textOf(map, 'host_ip') ?? '';
  return {
    ...(address === '' ? {} : { hostAddress: address }),
    published: textOf(map, 'published') ?? '',
    target,
    protocol: textOf(map, 'protocol') ?? 'tcp',
  };
}

function expand(parts: PortParts | undefined, note: (message: string) => void): PortMapping[] {
  if (parts === undefined) return [];
  const protocol = readProtocol(parts.protocol);
  if (protocol === undefined) note(`protocol "${shorten(parts.protocol)}" is neither tcp nor udp`);
  const address = parts.hostAddress;
  const addressIsRight = address === undefined || isAddress(address);
  if (!addressIsRight) note(`"${shorten(address)}" is no IP address`);
  const target = readRange(parts.target, 1);
  if (target === undefined)
    note(`"${shorten(parts.target)}" is no port of a container: 1 to 65535, or a range such as 8000-8010`);
  const open = parts.published === '' || parts.published === '0';
  const published = open ? undefined : readRange(parts.published, 1);
  if (!open && published === undefined)
    note(`"${shorten(parts.published)}" is no port of the host: 1 to 65535, or a range such as 8000-8010`);
  if (protocol === undefined || !addressIsRight || target === undefined || (!open && published === undefined))
    return [];
  return pairUp(
    { protocol, ...(address === undefined ? {} : { hostAddress: address }) },
    published,
    target,
    note,
  );
}

function pairUp(
  base: Pick<PortMapping, 'protocol' | 'hostAddress'>,
  published: Range | undefined,
  target: Range,
  note: (message: string) => void,
): PortMapping[] {
  const count = target.last - target.first + 1;
  if (count > MAX_RANGE) {
    note(`the range has more than ${MAX_RANGE} ports`);
    return [];
  }
  const hostCount = published === undefined ? 0 : published.last - published.first + 1;
  // A range of host ports for one container port: the engine takes the first that is free.
  const picked = published === undefined || (count === 1 && hostCount > 1);
  if (!picked && hostCount !== count) {
    note(`the ranges differ: ${hostCount} host ports for ${count} container ports`);
    return [];
  }
  return Array.from({ length: count }, (_, index) => ({
    ...base,
    ...(picked || published === undefined ? {} : { hostPort: published.first + index }),
    containerPort: target.first + index,
  }));
}

function readProtocol(text: string): Protocol | undefined {
  const lower = text.toLowerCase();
  return lower === 'tcp' || lower === 'udp' ? lower : undefined;
}

function readRange(text: string, lowest: number): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= lowest && last <= 65_535 && first <= last ? { first, last } : undefined;
}

function isAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split('.').every((part) => Number(part) <= 255);
  return text.length <= 45 && URL.canParse(`http://[${text}]/`);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
