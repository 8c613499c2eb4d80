import type { HostPort, Protocol } from '../model/index.ts';
import type { ProblemList } from './problem-list.ts';
import { child, isText, itemsOf, type Value } from './value.ts';

const MAX_PORTS = 1_000;
const MAX_PORT = 65_535;
/** Where the environment's own name server answers. */
const DNS_PORT = 53;

/** Reads `x-berth.host-access`: ports of the host such as `5432`, `"9000/udp"` or `"8000-8010"`. */
export function readHostAccess(section: Value, problems: ProblemList): HostPort[] {
  const found = new Map<string, HostPort>();
  for (const [index, item] of itemsOf(child(section, 'host-access')).entries()) {
    const note = (message: string) =>
      problems.add('invalid', `x-berth.host-access[${index}]`, message, item.place.start);
    const ports = isText(item) ? readPorts(item.text.trim()) : undefined;
    if (ports === undefined) note('must be a port of the host such as 5432, "9000/udp" or "8000-8010"');
    else if (ports.some(({ port }) => port === DNS_PORT))
      note(
        `port ${DNS_PORT} is where the name server of the environment answers; give the host's another port`,
      );
    for (const port of ports ?? []) found.set(`${port.port}/${port.protocol}`, port);
    if (found.size > MAX_PORTS) {
      note(`more than ${MAX_PORTS} ports of the host are listed`);
      break;
    }
  }
  return [...found.values()];
}

function readPorts(text: string): HostPort[] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/i.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first < 1 || last > MAX_PORT || last < first) return undefined;
  const protocol: Protocol = match[3]?.toLowerCase() === 'udp' ? 'udp' : 'tcp';
  return Array.from({ length: last - first + 1 }, (_, index) => ({ protocol, port: first + index }));
}
