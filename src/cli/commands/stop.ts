import { Command } from 'commander';
import { withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { type ChangeOptions, lifecycleRequest, unique, withGrace } from './change-state.ts';
import { giveBack } from './give-back.ts';

export function define(cli: Cli): Command {
  const command = new Command('stop')
    .description('Stop environments and give their memory back; disks are kept')
    .argument('<environment...>')
    .option('--force', 'do not wait for the guest to shut down')
    .action(async (names: readonly string[], options: ChangeOptions) => {
      const client = await cli.connect(options);
      await giveBack(cli, client, unique(names), withGrace(options), {
        start: (name) => client.environments.stop(name, lifecycleRequest(options)),
        done: 'stopped',
        disk: false,
      });
    });
  withOperation(command);
  return withExamples(command, ['berth stop shop', 'berth stop --timeout 10s $(berth ls -q)']);
}
