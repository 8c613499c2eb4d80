import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperations } from '../operation/run.ts';
import { unique } from './change-state.ts';

export function define(cli: Cli): Command {
  const command = new Command('trim')
    .description('Give disk space that guests no longer use back to the host; `stop` does it as well')
    .argument('<environment...>')
    .action((names: readonly string[], options: OperationOptions) => trim(cli, unique(names), options));
  withOperation(command);
  return withExamples(command, ['berth trim shop', 'berth trim $(berth ls -q)']);
}

async function trim(cli: Cli, names: readonly string[], options: OperationOptions): Promise<void> {
  const client = await cli.connect(options);
  const starts = names.map((name) => () => client.environments.trim(name));
  await runOperations(cli, client, starts, options, (operations) => {
    if (options.json === true) return cli.out.line(formatJson(operations));
    for (const { targets, steps } of operations) {
      cli.out.line(`${targets[0]}: ${steps.find(({ name }) => name === 'trim')?.detail ?? 'trimmed'}`);
    }
  });
}
