import { Command, InvalidArgumentError } from 'commander';
import { formatBytes } from '../../base/index.ts';
import { formatShape, type Template } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  name,
  type OperationOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withOperation,
  withQuiet,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../format/age.ts';
import { formatJson } from '../format/json.ts';
import type { Column } from '../format/table.ts';
import { runOperation } from '../operation/run.ts';
import { printList } from './print-list.ts';
import { removeEach } from './remove-each.ts';

const MAX_MEMBERS = 100;

interface WarmOptions extends DaemonOptions, JsonOptions {
  readonly min: number;
  readonly max?: number;
}

export function define(cli: Cli): Command {
  return new Command('template')
    .description('Machines frozen at one moment, from which forks start')
    .addCommand(ls(cli))
    .addCommand(create(cli))
    .addCommand(warm(cli))
    .addCommand(rm(cli));
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .description('List templates')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      printList(cli, await client.templates.list(), columns(cli), options, {
        name: (one) => one.name,
        whenEmpty: 'No templates; the first up makes one',
      });
    });
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth template ls', 'berth template ls --json']);
}

function create(cli: Cli): Command {
  const command = new Command('create')
    .description('Freeze a running environment as a template; it goes on running')
    .argument('<environment>')
    .argument('<name>', 'name of the template', name)
    .action(async (environment: string, template: string, options: OperationOptions) => {
      const client = await cli.connect(options);
      const start = () => client.templates.create({ environment, name: template });
      const operation = await runOperation(cli, client, start, options);
      if (operation === undefined) return;
      const made = (await client.templates.list()).find((one) => one.name === template);
      if (options.json === true) return cli.out.line(formatJson(made));
      cli.out.line(
        `${template} made from ${environment}${made === undefined ? '' : `, ${formatBytes(made.diskBytes)} on disk`}`,
      );
    });
  withOperation(command);
  return withExamples(command, [
    'berth template create shop shop-seeded',
    'berth fork shop-seeded --count 5',
  ]);
}

function warm(cli: Cli): Command {
  const command = new Command('warm')
    .description('Keep forks of a template ready, paused, so that a fork only has to be taken')
    .argument('<template>')
    .requiredOption('--min <n>', 'how many at least; they take memory of their own', members)
    .option('--max <n>', 'how many at most, while many are taken (default: as --min); 0 keeps none', members)
    .action(async (template: string, { min, max, ...options }: WarmOptions) => {
      const client = await cli.connect(options);
      const changed = await client.templates.warm(template, { min, max: max ?? min });
      if (options.json === true) return cli.out.line(formatJson(changed));
      cli.out.line(`${changed.name}: ${warmText(changed.warm)}`);
    });
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth template warm shop-seeded --min 2 --max 10',
    'berth template warm shop-seeded --min 0',
  ]);
}

function members(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= MAX_MEMBERS) return value;
  throw new InvalidArgumentError(`must be a whole number from 0 to ${MAX_MEMBERS}.`);
}

function warmText(pool: Template['warm']): string {
  if (pool === undefined) return 'none are kept';
  const { min, max, ready } = pool;
  return `${ready} ready, ${min === max ? min : `${min} to ${max}`} kept`;
}

function warmCell({ warm: pool }: Template): string | undefined {
  if (pool === undefined) return undefined;
  const asked = pool.hits + pool.misses;
  const rate = asked === 0 ? '' : `, ${Math.round((100 * pool.hits) / asked)} % hit`;
  return `${pool.ready}/${pool.min}–${pool.max}${rate}`;
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove templates that nothing needs')
    .argument('<template...>')
    .action(async (refs: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      await removeEach(cli, refs, (ref) => client.templates.remove(ref));
    });
  withDaemon(command);
  return withExamples(command, ['berth template rm shop-seeded']);
}

function columns(cli: Cli): Column<Template>[] {
  const nowMs = Date.now();
  return [
    { title: 'NAME', cell: (one) => one.name, paint: cli.out.style.bold },
    { title: 'KIND', cell: (one) => one.kind },
    { title: 'FROM', cell: (one) => one.source },
    { title: 'SHAPE', cell: (one) => formatShape(one.shape) },
    { title: 'DISK', cell: (one) => formatBytes(one.diskBytes), align: 'right' },
    { title: 'WARM', cell: warmCell },
    { title: 'USERS', cell: (one) => String(one.users), align: 'right' },
    { title: 'QEMU', cell: (one) => `${one.qemuVersion} ${one.accelerator}` },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}
