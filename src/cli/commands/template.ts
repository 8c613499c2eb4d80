import { Command } from 'commander';
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

export function define(cli: Cli): Command {
  return new Command('template')
    .description('Machines frozen at one moment, from which forks start')
    .addCommand(ls(cli))
    .addCommand(create(cli))
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
    { title: 'USERS', cell: (one) => String(one.users), align: 'right' },
    { title: 'QEMU', cell: (one) => `${one.qemuVersion} ${one.accelerator}` },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}
