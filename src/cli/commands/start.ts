import { Command } from 'commander';
import type { LifecycleRequest } from '../../contract/index.ts';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { changeState } from './change-state.ts';

interface StartOptions extends OperationOptions {
  readonly cold?: boolean;
  readonly trustDisk?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('start')
    .description('Start stopped environments')
    .argument('<environment...>')
    .option('--cold', 'boot from the disk, without what was saved when it fell asleep')
    .option('--trust-disk', 'take the disk as it is, although it was changed while no machine ran')
    .action((names: readonly string[], options: StartOptions) =>
      changeState(cli, names, options, (client, name, request) =>
        client.environments.start(name, { ...request, ...flagsOf(options) }),
      ),
    );
  withOperation(command);
  return withExamples(command, [
    'berth start shop',
    'berth start shop shop-2 --timeout 2m',
    'berth start shop --cold',
  ]);
}

function flagsOf({ cold, trustDisk }: StartOptions): Pick<LifecycleRequest, 'cold' | 'trustDisk'> {
  return { ...(cold === undefined ? {} : { cold }), ...(trustDisk === undefined ? {} : { trustDisk }) };
}
