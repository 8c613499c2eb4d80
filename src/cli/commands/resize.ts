import { Command } from 'commander';
import { gibibytes, type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';

interface ResizeOptions extends OperationOptions {
  /** In GiB. */
  readonly disk: number;
}

export function define(cli: Cli): Command {
  const command = new Command('resize')
    .description('Make the disk of an environment larger, running or stopped; a disk cannot become smaller')
    .argument('<environment>')
    .requiredOption('--disk <size>', 'virtual size of its disk, such as 16GiB', gibibytes)
    .action((environment: string, options: ResizeOptions) => resize(cli, environment, options));
  withOperation(command);
  return withExamples(command, ['berth resize shop --disk 16GiB']);
}

async function resize(cli: Cli, name: string, options: ResizeOptions): Promise<void> {
  const client = await cli.connect(options);
  const start = () => client.environments.resize(name, { diskGib: options.disk });
  if ((await runOperation(cli, client, start, options)) === undefined) return;
  const environment = await client.environments.get(name);
  if (options.json === true) return cli.out.line(formatJson(environment));
  cli.out.line(`${environment.name} has a disk of ${environment.shape.diskGib} GiB`);
}
