import { Command, InvalidArgumentError } from 'commander';
import type { CapacityQuery } from '../../contract/index.ts';
import { registry } from '../../errors/index.ts';
import { parseShape } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  positiveInteger,
  withDaemon,
  withExamples,
  withJson,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { capacityLines, hostLines } from '../format/capacity-lines.ts';
import { formatJson } from '../format/json.ts';

interface CapacityOptions extends DaemonOptions, JsonOptions {
  readonly shape?: string;
  readonly of?: string;
  readonly count?: number;
  readonly addHost?: readonly string[];
  readonly hosts?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('capacity')
    .description('Tell how many more environments fit on the host, what limits, and what would be if')
    .option('--shape <shape>', 'forks of this shape, such as 2x1GiB (default: 1x512MiB)', shape)
    .option('--of <environment|template>', 'forks of this one, by what its forks were measured to take')
    .option('--count <count>', 'ends with 5 when so many do not fit', positiveInteger)
    .option('--add-host <CPUSxMEMORY>', 'as if there were this host too; may be repeated', addHost)
    .option('--hosts', 'one row for each host')
    .action((options: CapacityOptions) => capacity(cli, options));
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth capacity',
    'berth capacity --of shop --count 50',
    'berth capacity --shape 2x1GiB --add-host 16x64GiB --hosts',
    'berth capacity --json',
  ]);
}

async function capacity(cli: Cli, options: CapacityOptions): Promise<void> {
  const client = await cli.connect(options);
  const report = await client.capacity.report(queryOf(options));
  if (report.count?.fits === false) cli.setExitCode(registry['capacity-exceeded'].exitCode);
  if (options.json === true) return cli.out.line(formatJson(report));
  const lines = options.hosts === true ? hostLines : capacityLines;
  for (const line of lines(report, cli.out.style)) cli.out.line(line);
}

function queryOf({ shape: wanted, of: source, count, addHost: hosts }: CapacityOptions): CapacityQuery {
  return {
    ...(wanted === undefined ? {} : { shape: wanted }),
    ...(source === undefined ? {} : { source }),
    ...(count === undefined ? {} : { count }),
    ...(hosts === undefined ? {} : { addHost: hosts }),
  };
}

function shape(text: string): string {
  if (parseShape(text) !== undefined) return text;
  throw new InvalidArgumentError('It looks like 2x1GiB: virtual CPUs and memory.');
}

function addHost(text: string, before: readonly string[] = []): readonly string[] {
  if (parseShape(text) !== undefined) return [...before, text];
  throw new InvalidArgumentError('It looks like 16x64GiB: CPUs and memory.');
}
