import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { changeState } from './change-state.ts';

interface SleepOptions extends OperationOptions {
  readonly freeze?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('sleep')
    .description('Bring environments to rest; the next connection wakes them')
    .argument('<environment...>')
    .option('--freeze', 'stop the virtual CPUs only and keep the memory: wakes within milliseconds')
    .action((names: readonly string[], options: SleepOptions) =>
      changeState(cli, names, options, (client, name) =>
        client.environments.sleep(name, options.freeze === true ? { freeze: true } : {}),
      ),
    );
  withOperation(command);
  return withExamples(command, ['berth sleep shop', 'berth sleep --freeze $(berth ls -q)']);
}
