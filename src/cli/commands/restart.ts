import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { changeState } from './change-state.ts';

export function define(cli: Cli): Command {
  const command = new Command('restart')
    .description('Stop and start environments')
    .argument('<environment...>')
    .option('--force', 'do not wait for the guest to shut down')
    .action((names: readonly string[], options: OperationOptions & { readonly force?: boolean }) =>
      changeState(cli, names, options, (client, name, request) => client.environments.restart(name, request)),
    );
  withOperation(command);
  return withExamples(command, ['berth restart shop', 'berth restart --force shop']);
}
