import { Command } from 'commander';
import type { Client } from '../../client/index.ts';
import { asBerthError } from '../../errors/index.ts';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { unique } from './change-state.ts';
import { giveBack } from './give-back.ts';

interface RmOptions extends OperationOptions {
  readonly force?: boolean;
  readonly keepVolumes?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove environments with their machines and disks, running or not')
    .argument('<environment...>')
    .option('--force', 'an environment that is not there is no error')
    .option('--keep-volumes', 'keep named volumes for the next environment of the same name')
    .action((names: readonly string[], options: RmOptions) => rm(cli, unique(names), options));
  withOperation(command);
  return withExamples(command, [
    'berth rm shop-2',
    'berth rm --force shop shop-2',
    'berth rm --keep-volumes shop && berth up',
    'berth rm $(berth ls -q)',
  ]);
}

async function rm(cli: Cli, names: readonly string[], options: RmOptions): Promise<void> {
  const client = await cli.connect(options);
  const present = options.force === true ? await presentOnly(client, names) : names;
  await giveBack(cli, client, present, options, {
    start: (name) =>
      client.environments.remove(
        name,
        options.keepVolumes === undefined ? {} : { keepVolumes: options.keepVolumes },
      ),
    done: options.keepVolumes === true ? 'removed, its volumes kept' : 'removed',
    disk: true,
  });
}

async function presentOnly(client: Client, names: readonly string[]): Promise<string[]> {
  const present = await Promise.all(names.map((name) => isThere(client, name)));
  return names.filter((_name, index) => present[index] === true);
}

async function isThere(client: Client, name: string): Promise<boolean> {
  try {
    await client.environments.get(name);
    return true;
  } catch (error) {
    if (asBerthError(error).code === 'not-found') return false;
    throw error;
  }
}
