import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { changeState } from './change-state.ts';

export function define(cli: Cli): Command {
  const command = new Command('start')
    .description('Start stopped environments')
    .argument('<environment...>')
    .action((names: readonly string[], options: OperationOptions) =>
      changeState(cli, names, options, (client, name, request) => client.environments.start(name, request)),
    );
  withOperation(command);
  return withExamples(command, ['berth start shop', 'berth start shop shop-2 --timeout 2m']);
}
