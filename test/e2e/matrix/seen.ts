import type { Environment } from '../../../src/model/index.ts';
import { inMachine, inspect } from '../rig/berth.ts';

/** What a proof looks at: one environment as its containers and its engine tell it. */
export class Seen {
  readonly environment: Environment;
  readonly isFork: boolean;
  readonly #facts: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #containers: readonly unknown[];
  readonly #images: readonly string[];
  readonly #networks: readonly unknown[];
  readonly #volumes: readonly unknown[];

  constructor(environment: Environment, isFork: boolean, told: ReadonlyMap<string, string>) {
    this.environment = environment;
    this.isFork = isFork;
    this.#containers = listIn(told.get('containers'));
    this.#images = (told.get('images') ?? '').split('\n');
    this.#networks = listIn(told.get('networks'));
    this.#volumes = listIn(told.get('volumes'));
    const own = [...told].filter(([name]) => name.startsWith('facts:'));
    this.#facts = new Map(own.map(([name, text]) => [name.slice('facts:'.length), sections(text, '=')]));
  }

  /** A fact that the (first) container of a service tells, without the line end. */
  fact(service: string, name: string): string {
    const text = this.#facts.get(service)?.get(name);
    if (text === undefined) throw new Error(`${service} has not told "${name}"`);
    return text.trimEnd();
  }

  /** Whether the container of a service tells its facts, so that it runs. */
  runs(service: string): boolean {
    return this.#facts.has(service);
  }

  /** A line of a fact such as `CapEff:\t0000…`: what follows the name. */
  field(service: string, fact: string, name: string): string {
    const line = this.fact(service, fact)
      .split('\n')
      .find((one) => one.startsWith(name));
    if (line === undefined) throw new Error(`${service} has no ${name} in its ${fact}`);
    return line.slice(name.length).replace(/^:/, '').trim();
  }

  /** What the engine knows of the first container of a service, at a path of keys. */
  inspect(service: string, ...path: readonly string[]): unknown {
    return at(this.all(service)[0], path);
  }

  /** All containers of a service. */
  all(service: string): readonly unknown[] {
    return this.#containers.filter((one) => labelsOf(one)['com.docker.compose.service'] === service);
  }

  /** Names of all images in the machine. */
  images(): readonly string[] {
    return this.#images;
  }

  network(name: string, ...path: readonly string[]): unknown {
    return at(named(this.#networks, 'name', name), path);
  }

  volume(name: string, ...path: readonly string[]): unknown {
    return at(named(this.#volumes, 'Name', name), path);
  }

  /** The line of a mount in a container: its options and its file system. */
  mount(service: string, target: string): string {
    const line = this.fact(service, 'mounts')
      .split('\n')
      .find((one) => one.split(' ')[4] === target);
    if (line === undefined) throw new Error(`${service} has nothing mounted at ${target}`);
    return line;
  }
}

/** The value at a path of keys; undefined where there is none. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** Bit of a capability in the masks of `/proc/PID/status`. */
export function hasCapability(mask: string, bit: number): boolean {
  return ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n;
}

// By the runtime itself: `podman exec` costs an emulated machine a second for each container.
const COLLECT = `
echo '@containers'; podman inspect $(podman ps -aq)
echo '@networks'; podman network inspect $(podman network ls -q)
echo '@images'; podman images --format '{{.Repository}}:{{.Tag}}'
echo '@volumes'; podman volume inspect $(podman volume ls -q)
podman ps --no-trunc --format '{{.ID}} {{index .Labels "com.docker.compose.service"}}' | while read -r id service; do
  for attempt in 1 2 3; do
    crun exec $id /bin/facts again >/tmp/told 2>/dev/null </dev/null && { echo "@facts:$service"; cat /tmp/told; break; }
  done
done
true # One that tells nothing is for its own proof to miss.
`;

/** Lets every container of an environment tell what it was given, in one call into its machine. */
export async function lookAt(name: string, isFork: boolean): Promise<Seen> {
  return new Seen(await inspect(name), isFork, sections(await inMachine(name, COLLECT), '@'));
}

/** Parts of a text that begin with lines `MARKname`; the first of a name counts. */
function sections(text: string, mark: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of `\n${text}`.split(`\n${mark}`).slice(1)) {
    const end = part.indexOf('\n');
    const name = end < 0 ? part : part.slice(0, end);
    if (!found.has(name)) found.set(name, end < 0 ? '' : part.slice(end + 1));
  }
  return found;
}

function listIn(text: string | undefined): readonly unknown[] {
  // Asked for none, the engine says nothing.
  const value: unknown = text === undefined || text.trim() === '' ? [] : JSON.parse(text);
  return Array.isArray(value) ? value : [];
}

function labelsOf(container: unknown): Record<string, string> {
  return (at(container, ['Config', 'Labels']) ?? {}) as Record<string, string>;
}

function named(all: readonly unknown[], key: string, name: string): unknown {
  return all.find((one) => at(one, [key]) === name);
}
