import { Command } from 'commander';
import { formatDuration } from '../../base/index.ts';
import { isEnded, type Operation } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
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
import { formatFacts } from '../format/facts.ts';
import { formatFailure } from '../format/failure.ts';
import { formatJson } from '../format/json.ts';
import type { Column } from '../format/table.ts';
import { stepOutcome, stepText } from '../operation/progress-lines.ts';
import { runOperation } from '../operation/run.ts';
import { printList } from './print-list.ts';

export function define(cli: Cli): Command {
  return new Command('operation')
    .description('Long-running actions: what they do and did')
    .addCommand(ls(cli))
    .addCommand(show(cli))
    .addCommand(cancel(cli));
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .description('List operations, newest first')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      printList(cli, await client.operations.list(), columns(cli), options, {
        name: (one) => one.id,
        whenEmpty: 'No operations',
      });
    });
  withDaemon(withQuiet(withJson(command), 'print ids only'));
  return withExamples(command, ['berth operation ls', 'berth operation ls --json']);
}

function show(cli: Cli): Command {
  const command = new Command('show')
    .description('Show an operation with its steps')
    .argument('<operation>', 'its id')
    .option('-f, --follow', 'follow it to its end; Ctrl-C cancels it')
    .action(async (id: string, options: DaemonOptions & JsonOptions & { readonly follow?: boolean }) => {
      const client = await cli.connect(options);
      const follow = { wait: true, json: options.json === true };
      if (options.follow === true) await runOperation(cli, client, () => client.operations.get(id), follow);
      const operation = await client.operations.get(id);
      if (options.json === true) return cli.out.line(formatJson(operation));
      if (options.follow !== true) print(cli, operation);
    });
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth operation show op-0123456789ab',
    'berth operation show -f op-0123456789ab',
  ]);
}

function cancel(cli: Cli): Command {
  const command = new Command('cancel')
    .description('Ask an operation to stop and undo what it did, and wait until it has')
    .argument('<operation>', 'its id')
    .action(async (id: string, options: OperationOptions) => {
      const client = await cli.connect(options);
      const asked = await client.operations.cancel(id);
      const signal = AbortSignal.timeout(options.timeout ?? 600_000);
      const ended = options.wait ? await client.waitOperation(asked.id, { signal }) : asked;
      if (options.json === true) return cli.out.line(formatJson(ended));
      cli.out.line(`${ended.id} ${ended.state}`);
    });
  withOperation(command);
  return withExamples(command, ['berth operation cancel op-0123456789ab']);
}

function columns(cli: Cli): Column<Operation>[] {
  const nowMs = Date.now();
  return [
    { title: 'ID', cell: (one) => one.id },
    { title: 'KIND', cell: (one) => one.kind, paint: cli.out.style.bold },
    { title: 'TARGETS', cell: (one) => one.targets.join(', ') },
    { title: 'STATE', cell: (one) => one.state },
    { title: 'TOOK', cell: (one) => formatDuration(tookMs(one, nowMs)), align: 'right' },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}

function tookMs(operation: Operation, nowMs: number): number {
  const end = operation.endedAt === undefined ? nowMs : Date.parse(operation.endedAt);
  return Math.max(0, end - Date.parse(operation.createdAt));
}

function print(cli: Cli, operation: Operation): void {
  const nowMs = Date.now();
  const facts: (readonly [string, string])[] = [
    ['id', operation.id],
    ['kind', operation.kind],
    ['targets', operation.targets.join(', ')],
    ['state', operation.state],
    ['created', operation.createdAt],
    ['took', `${formatDuration(tookMs(operation, nowMs))}${isEnded(operation) ? '' : ' so far'}`],
    ...(operation.result === undefined ? [] : [['made', operation.result.names.join(', ')] as const]),
  ];
  for (const line of formatFacts(facts, cli.out.style.dim)) cli.out.line(line);
  for (const step of operation.steps)
    cli.out.line(`  ${stepOutcome(operation, step)}: ${stepText(operation, step, nowMs)}`);
  if (operation.error !== undefined)
    for (const line of formatFailure(operation.error, cli.out.style)) cli.out.line(line);
}
