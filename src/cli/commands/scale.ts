import { Command } from 'commander';
import {
  duration,
  type OperationOptions,
  replicaCount,
  withExamples,
  withOperation,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { replicaLines } from '../format/environment-lines.ts';
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';

interface ScaleOptions extends OperationOptions {
  readonly replicas: number;
  /** In ms. */
  readonly drain?: number;
}

export function define(cli: Cli): Command {
  const command = new Command('scale')
    .description('Let several machines answer at the ports of an environment: forks of it, which go with it')
    .argument('<environment>')
    .requiredOption('--replicas <count>', 'machines that answer, its own among them; 1 ends it', replicaCount)
    .option(
      '--drain <duration>',
      'how long connections of one that is removed may go on; default 30s',
      duration,
    )
    .action((environment: string, options: ScaleOptions) => scale(cli, environment, options));
  withOperation(command);
  return withExamples(command, ['berth scale shop --replicas 3', 'berth scale shop --replicas 1 --drain 2m']);
}

async function scale(cli: Cli, name: string, options: ScaleOptions): Promise<void> {
  const { replicas, drain } = options;
  const client = await cli.connect(options);
  const request = { replicas, ...(drain === undefined ? {} : { drainMs: drain }) };
  const start = () => client.environments.scale(name, request);
  if ((await runOperation(cli, client, start, options)) === undefined) return;
  const environment = await client.environments.get(name);
  if (options.json === true) return cli.out.line(formatJson(environment));
  for (const line of replicaLines(environment)) cli.out.line(line);
}
