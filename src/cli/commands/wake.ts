import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { changeState } from './change-state.ts';

export function define(cli: Cli): Command {
  const command = new Command('wake')
    .description('Wake environments that are frozen or asleep')
    .argument('<environment...>')
    .action((names: readonly string[], options: OperationOptions) =>
      changeState(cli, names, options, (client, name) => client.environments.wake(name)),
    );
  withOperation(command);
  return withExamples(command, ['berth wake shop', 'berth wake $(berth ls -q)']);
}
