import { Command } from 'commander';
import { formatDuration } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import type { ForkRequest } from '../../contract/index.ts';
import type { Environment, Operation } from '../../model/index.ts';
import {
  name,
  type OperationOptions,
  positiveInteger,
  withExamples,
  withOperation,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { endpoint, forkCost } from '../format/environment-lines.ts';
import { formatJson } from '../format/json.ts';
import { formatTable } from '../format/table.ts';
import { runOperation } from '../operation/run.ts';
import { warnOfEmulation } from './emulation-note.ts';

interface ForkOptions extends OperationOptions {
  readonly name?: string;
  readonly count?: number;
}

export function define(cli: Cli): Command {
  const command = new Command('fork')
    .description('Make new environments from a running environment or a template')
    .argument('<environment|template>')
    .option('--name <name>', 'name of the fork; with --count above 1 the beginning of their names', name)
    .option('--count <count>', 'how many forks', positiveInteger)
    .action((source: string, options: ForkOptions) => fork(cli, source, options));
  withOperation(command, 'print the names of the forks and no progress');
  return withExamples(command, [
    'berth fork shop',
    'berth fork shop --name shop-new-payment',
    'berth fork shop --count 3',
  ]);
}

async function fork(cli: Cli, source: string, options: ForkOptions): Promise<void> {
  const client = await cli.connect(options);
  const operation = await runOperation(
    cli,
    client,
    () => client.environments.fork(forkRequest(source, options)),
    options,
  );
  if (operation === undefined) return;
  const forks = await forksOf(client, operation);
  if (options.json === true) return cli.out.line(formatJson(forks));
  if (options.quiet === true) {
    for (const { name: made } of forks) cli.out.line(made);
    return;
  }
  printForks(cli, forks);
  await warnOfEmulation(cli, client);
}

/** What the flags ask for. */
export function forkRequest(source: string, options: Pick<ForkOptions, 'name' | 'count'>): ForkRequest {
  return {
    source,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.count === undefined ? {} : { count: options.count }),
  };
}

/** The environments that an operation made. */
function forksOf(client: Client, operation: Operation): Promise<Environment[]> {
  return Promise.all((operation.result?.names ?? []).map((made) => client.environments.get(made)));
}

function printForks(cli: Cli, forks: readonly Environment[]): void {
  const { style } = cli.out;
  const lines = formatTable(
    [
      { title: 'NAME', cell: (one: Environment) => one.name, paint: style.bold },
      { title: 'ADDRESS', cell: (one) => one.address },
      { title: 'PORTS', cell: (one) => one.ports.map(endpoint).join(', ') },
      { title: 'READY AFTER', cell: (one) => duration(one.fork?.readyMs), align: 'right' },
      { title: 'PARENT PAUSED', cell: (one) => duration(one.fork?.parentPausedMs), align: 'right' },
    ],
    forks,
    { head: style.dim },
  );
  for (const line of lines) cli.out.line(line);
  for (const { name: made, fork: report } of forks) {
    if (report !== undefined) cli.out.line(style.dim(`${made}: ${forkCost(report)}`));
  }
}

function duration(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatDuration(ms);
}
