/** One row of the table: what a module is for and what it may import. */
export interface LayerRow {
  /** A module imports only modules of lower rank. */
  readonly rank: number;
  /** What it is for, in one line. */
  readonly purpose: string;
  /** Other modules of `src/`, always through their `index.ts`. */
  readonly modules: readonly string[];
  /** Modules of which only types may be imported: it is handed what they make, and makes nothing of theirs itself. */
  readonly typesOf: readonly string[];
  /** Packages from outside, by the name in package.json. */
  readonly packages: readonly string[];
  /** Node modules beyond the harmless ones: `node:fs`; `node:*` for all of them; also `package.json`. */
  readonly doors: readonly string[];
}

function row(
  rank: number,
  purpose: string,
  modules: readonly string[],
  outside: { typesOf?: readonly string[]; packages?: readonly string[]; doors?: readonly string[] } = {},
): LayerRow {
  const { typesOf = [], packages = [], doors = [] } = outside;
  return { rank, purpose, modules, typesOf, packages, doors };
}

const LOW = ['base', 'errors', 'model'];
const LOW_AND_HOST = [...LOW, 'host'];

/** Every module of `src/`; a folder without a row is an error. */
export const layers: Readonly<Record<string, LayerRow>> = {
  base: row(0, 'pure parts: deadlines, polling, undo stack, sizes, line framing, typed emitter, mutex', []),
  errors: row(1, 'the one registry: code → HTTP status, exit code, meaning, remedy', ['base']),
  model: row(2, 'the nouns and their states, pure functions on them', ['base', 'errors']),
  host: row(
    2,
    'the only door to the operating system: processes, `/proc`, files, sockets, cgroups, locks',
    ['base', 'errors'],
    {
      doors: ['node:child_process', 'node:fs', 'node:net', 'node:dgram'],
    },
  ),
  contract: row(
    3,
    'REST and event contract: a schema per request, answer and event; OpenAPI is printed from it',
    LOW,
    {
      packages: ['typebox'],
    },
  ),
  store: row(3, 'versioned documents with compare-and-set, on SQLite', LOW_AND_HOST, {
    doors: ['node:sqlite'],
  }),
  hypervisor: row(
    3,
    'the hypervisor interface and its drivers: QEMU and one that only pretends',
    LOW_AND_HOST,
  ),
  guest: row(
    3,
    'the channel into a running guest: guest daemon and agent, SSH, container engine',
    LOW_AND_HOST,
    {
      packages: ['ssh2'],
      doors: ['node:net', 'node:http'],
    },
  ),
  network: row(3, 'namespaces, taps, addresses, NAT and names; ready slots', LOW_AND_HOST),
  images: row(3, 'guest images: build, verify, keep', LOW_AND_HOST),
  compose: row(3, 'reads and checks a Compose file for what Berth must know of it', LOW, {
    packages: ['yaml'],
  }),
  files: row(
    3,
    "a project's files: list them, compare two lists, watch them, pack and unpack archives",
    LOW_AND_HOST,
    {
      packages: ['chokidar', 'ignore', 'modern-tar'],
      doors: ['node:fs'],
    },
  ),
  placement: row(3, 'pure: how many fit and where', LOW),
  operations: row(4, 'durable operations and the event log', [...LOW_AND_HOST, 'store']),
  ingress: row(4, 'published ports: listen, forward TCP and UDP', LOW_AND_HOST, {
    doors: ['node:net', 'node:dgram'],
  }),
  endpoint: row(
    4,
    'the Docker API of each environment on a unix socket: forward, carry, refuse',
    LOW_AND_HOST,
    {
      doors: ['node:http'],
    },
  ),
  registries: row(
    4,
    'container images on their way into guests: one cache on the host for each registry',
    LOW_AND_HOST,
    {
      packages: ['undici', 'yaml'],
      doors: ['node:http', 'node:net', 'node:dns', 'node:tls'],
    },
  ),
  backups: row(
    4,
    'repositories of backups: where they are, their secrets, and restic, which keeps what is in them',
    LOW_AND_HOST,
  ),
  client: row(4, 'typed API client; runs in Node and in a browser', [...LOW, 'contract']),
  machines: row(5, 'machine lifecycle: boot, freeze to a template, clone, stop, adopt after a restart', [
    ...LOW_AND_HOST,
    'store',
    'operations',
    'hypervisor',
    'guest',
    'network',
    'images',
  ]),
  setup: row(5, 'host doctor and host setup', [...LOW_AND_HOST, 'hypervisor', 'images', 'network']),
  environments: row(
    6,
    'up, fork, stop, start, rm: a pure plan and the steps that carry it out',
    [
      ...LOW_AND_HOST,
      'store',
      'operations',
      'machines',
      'compose',
      'files',
      'guest',
      'placement',
      'ingress',
      'registries',
      'backups',
    ],
    { typesOf: ['contract', 'hypervisor', 'network', 'images', 'endpoint'] },
  ),
  server: row(
    7,
    'HTTP, WebSocket, unix socket: one file per resource; parse, one call, answer',
    [...LOW, 'contract'],
    {
      typesOf: ['operations', 'environments', 'machines', 'images'],
      packages: ['fastify', '@fastify/websocket', 'typebox'],
      doors: ['node:http'],
    },
  ),
  cli: row(
    7,
    'one file per command; talks to the daemon only through `client`',
    [...LOW_AND_HOST, 'contract', 'compose', 'files', 'client'],
    {
      packages: ['commander', 'ws'],
      doors: ['node:*', 'package.json'],
    },
  ),
  web: row(7, 'dashboard; talks only through `client`', [...LOW, 'contract', 'client']),
  daemon: row(
    8,
    'puts everything together: the only place that names concrete drivers and stores',
    [
      ...LOW_AND_HOST,
      'contract',
      'store',
      'hypervisor',
      'guest',
      'network',
      'images',
      'compose',
      'files',
      'placement',
      'operations',
      'ingress',
      'endpoint',
      'registries',
      'machines',
      'setup',
      'environments',
      'server',
    ],
    { packages: ['pino'], doors: ['package.json'] },
  ),
};

/** Files that lie in `src/` itself, above all modules. */
export const entryFiles: Readonly<Record<string, LayerRow>> = {
  'main.ts': row(9, 'starts the daemon for `berth serve`, else the command line', ['cli', 'daemon'], {
    doors: ['node:module'],
  }),
};

/** Modules that also run in a browser: no `node:*` at all. */
export const browserModules: readonly string[] = ['base', 'errors', 'model', 'contract', 'client'];

/** Folders of `src/` that never read a clock and never make a random value. */
export const purePlaces: readonly string[] = ['placement', 'environments/plan'];

/** Node modules that open no door to the operating system; any module outside {@link browserModules} may use them. */
export const harmlessNodeModules: readonly string[] = [
  'node:assert',
  'node:async_hooks',
  'node:buffer',
  'node:crypto',
  'node:events',
  'node:os',
  'node:path',
  'node:perf_hooks',
  'node:process',
  'node:stream',
  'node:string_decoder',
  'node:timers',
  'node:url',
  'node:util',
  'node:zlib',
];
