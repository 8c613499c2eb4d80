import type { EngineContainer, EnginePort } from './engine.ts';
import { entriesAt, field, listAt, numberAt, textAt } from './json-reading.ts';

const SERVICE_LABEL = 'com.docker.compose.service';
const NUMBER_LABEL = 'com.docker.compose.container-number';
/** How Go writes a time that never was. */
const NEVER = '0001-01-01T00:00:00Z';
const MAX_HEALTH_OUTPUT = 500;

/** Label by which the containers of a Compose project are found. */
export function projectFilter(project: string): string {
  const filters = { label: [`com.docker.compose.project=${project}`, 'com.docker.compose.oneoff=False'] };
  return encodeURIComponent(JSON.stringify(filters));
}

/** What `GET /containers/{id}/json` says, in Berth's words. */
export function containerFrom(inspected: unknown): EngineContainer {
  const labels = new Map(entriesAt(inspected, 'Config', 'Labels'));
  const label = (name: string) => {
    const value = labels.get(name);
    return typeof value === 'string' ? value : '';
  };
  const state = textAt(inspected, 'State', 'Status') ?? 'unknown';
  const ended = state === 'exited' || state === 'dead' || state === 'stopped';
  return {
    id: textAt(inspected, 'Id') ?? '',
    name: (textAt(inspected, 'Name') ?? '').replace(/^\//, ''),
    service: label(SERVICE_LABEL),
    number: Number.parseInt(label(NUMBER_LABEL), 10) || 1,
    image: textAt(inspected, 'Config', 'Image') ?? textAt(inspected, 'Image') ?? '',
    state: state === 'stopped' ? 'exited' : state,
    ...healthOf(inspected),
    ...(ended ? optional('exitCode', numberAt(inspected, 'State', 'ExitCode')) : {}),
    ...optional('startedAt', timeAt(inspected, 'StartedAt')),
    ...(ended ? optional('finishedAt', timeAt(inspected, 'FinishedAt')) : {}),
    restarts: numberAt(inspected, 'RestartCount') ?? 0,
    hasTerminal: field(inspected, 'Config', 'Tty') === true,
    ports: portsOf(inspected),
  };
}

function optional<Key extends string, T>(key: Key, value: T | undefined): { [K in Key]?: T } {
  const found: { [K in Key]?: T } = {};
  if (value !== undefined) found[key] = value;
  return found;
}

/** Podman writes an empty status where there is no health check, Docker leaves it out or writes `none`. */
function healthOf(inspected: unknown): Pick<EngineContainer, 'health' | 'healthOutput'> {
  const health = textAt(inspected, 'State', 'Health', 'Status') ?? '';
  if (health === '' || health === 'none') return {};
  const last = listAt(inspected, 'State', 'Health', 'Log').at(-1);
  const output = (textAt(last, 'Output') ?? '').trim().slice(-MAX_HEALTH_OUTPUT);
  return { health, ...(health === 'healthy' || output === '' ? {} : { healthOutput: output }) };
}

function timeAt(inspected: unknown, key: string): string | undefined {
  const time = textAt(inspected, 'State', key);
  return time === undefined || time === NEVER || time === '' ? undefined : time;
}

function portsOf(inspected: unknown): EnginePort[] {
  const found = entriesAt(inspected, 'NetworkSettings', 'Ports').flatMap(([key, bindings]): EnginePort[] => {
    const [port = '', protocol] = key.split('/');
    const guestPorts = new Set(
      listAt({ bindings }, 'bindings').map((binding) => Number(textAt(binding, 'HostPort') ?? '')),
    );
    return [...guestPorts]
      .filter((guestPort) => guestPort > 0)
      .map((guestPort) => ({
        containerPort: Number(port),
        protocol: protocol === 'udp' ? 'udp' : 'tcp',
        guestPort,
      }));
  });
  return found.toSorted((a, b) => a.guestPort - b.guestPort);
}
