import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** What a command's file exports. */
export interface CommandModule {
  /** The command with its options, arguments and action. */
  readonly define: (cli: Cli) => Command;
}

/** A command as the overview needs it; its file is read only when it is called. */
export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  /** Heading of the overview under which it stands. */
  readonly group: string;
  readonly load: () => Promise<CommandModule>;
}

const ENVIRONMENTS = 'Environments:';
const INSIDE = 'Look inside:';
const DOCKER = 'Use it with Docker:';
const STOCK = 'Images, templates and volumes:';
const HOST = 'Host and daemon:';
const REST = 'More:';

/** Every command, in the order of the overview. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'up',
    group: ENVIRONMENTS,
    summary: 'create an environment from a Compose file, or apply changes',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'fork',
    group: ENVIRONMENTS,
    summary: 'make copies of a running environment or a template',
    load: () => import('./commands/fork.ts'),
  },
  { name: 'ls', group: ENVIRONMENTS, summary: 'list environments', load: () => import('./commands/ls.ts') },
  {
    name: 'start',
    group: ENVIRONMENTS,
    summary: 'start stopped environments',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'stop',
    group: ENVIRONMENTS,
    summary: 'stop environments and give their memory back',
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'restart',
    group: ENVIRONMENTS,
    summary: 'stop and start environments',
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'sleep',
    group: ENVIRONMENTS,
    summary: 'bring environments to rest',
    load: () => import('./commands/sleep.ts'),
  },
  {
    name: 'wake',
    group: ENVIRONMENTS,
    summary: 'wake environments that rest',
    load: () => import('./commands/wake.ts'),
  },
  {
    name: 'scale',
    group: ENVIRONMENTS,
    summary: 'let several machines answer at the ports of an environment',
    load: () => import('./commands/scale.ts'),
  },
  {
    name: 'resize',
    group: ENVIRONMENTS,
    summary: "make an environment's disk larger",
    load: () => import('./commands/resize.ts'),
  },
  {
    name: 'trim',
    group: ENVIRONMENTS,
    summary: 'give unused disk space back to the host',
    load: () => import('./commands/trim.ts'),
  },
  { name: 'rm', group: ENVIRONMENTS, summary: 'remove environments', load: () => import('./commands/rm.ts') },
  {
    name: 'down',
    group: ENVIRONMENTS,
    summary: 'remove an environment, all of them, or everything',
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'compose',
    group: ENVIRONMENTS,
    summary: 'tell what becomes of each element of a Compose file',
    load: () => import('./commands/compose.ts'),
  },
  {
    name: 'sync',
    group: ENVIRONMENTS,
    summary: "send a project's changed files, or bring the machine's back",
    load: () => import('./commands/sync.ts'),
  },
  {
    name: 'watch',
    group: ENVIRONMENTS,
    summary: "send a project's files as they change",
    load: () => import('./commands/watch.ts'),
  },
  {
    name: 'ps',
    group: INSIDE,
    summary: 'list the services of an environment',
    load: () => import('./commands/ps.ts'),
  },
  {
    name: 'inspect',
    group: INSIDE,
    summary: 'show everything known of an environment',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'logs',
    group: INSIDE,
    summary: 'show what services or the console wrote',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'exec',
    group: INSIDE,
    summary: 'run a command in a service',
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'cp',
    group: INSIDE,
    summary: 'copy files into and out of machines and services',
    load: () => import('./commands/cp.ts'),
  },
  {
    name: 'shell',
    group: INSIDE,
    summary: 'open a shell in the machine itself',
    load: () => import('./commands/shell.ts'),
  },
  {
    name: 'port',
    group: INSIDE,
    summary: 'show where ports are published',
    load: () => import('./commands/port.ts'),
  },
  {
    name: 'stats',
    group: INSIDE,
    summary: 'measure memory, CPU and disk',
    load: () => import('./commands/stats.ts'),
  },
  {
    name: 'docker',
    group: DOCKER,
    summary: "run your own docker command line against an environment's engine",
    load: () => import('./commands/docker.ts'),
  },
  {
    name: 'docker-env',
    group: DOCKER,
    summary: "print what makes a shell's Docker clients use an environment",
    load: () => import('./commands/docker-env.ts'),
  },
  {
    name: 'context',
    group: DOCKER,
    summary: 'make and remove Docker contexts for environments',
    load: () => import('./commands/context.ts'),
  },
  {
    name: 'volume',
    group: STOCK,
    summary: 'list, remove, export and import volumes',
    load: () => import('./commands/volume.ts'),
  },
  {
    name: 'template',
    group: STOCK,
    summary: 'list, create and remove templates',
    load: () => import('./commands/template.ts'),
  },
  {
    name: 'image',
    group: STOCK,
    summary: 'list, build, inspect and remove images',
    load: () => import('./commands/image.ts'),
  },
  {
    name: 'cache',
    group: STOCK,
    summary: 'list and clear out container images kept on this host',
    load: () => import('./commands/cache.ts'),
  },
  {
    name: 'host',
    group: HOST,
    summary: 'examine the host and set it up',
    load: () => import('./commands/host.ts'),
  },
  {
    name: 'doctor',
    group: HOST,
    summary: 'compare what is written down with what is there, and mend it',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'capacity',
    group: HOST,
    summary: 'tell how many more environments fit, and what limits',
    load: () => import('./commands/capacity.ts'),
  },
  {
    name: 'daemon',
    group: HOST,
    summary: 'status and end of the daemon',
    load: () => import('./commands/daemon.ts'),
  },
  {
    name: 'serve',
    group: HOST,
    summary: 'run the daemon in the foreground',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'operation',
    group: HOST,
    summary: 'list, show and cancel operations',
    load: () => import('./commands/operation.ts'),
  },
  { name: 'events', group: HOST, summary: 'show what happened', load: () => import('./commands/events.ts') },
  {
    name: 'api',
    group: REST,
    summary: 'print the OpenAPI document',
    load: () => import('./commands/api.ts'),
  },
  { name: 'version', group: REST, summary: 'show versions', load: () => import('./commands/version.ts') },
  {
    name: 'completion',
    group: REST,
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
];
