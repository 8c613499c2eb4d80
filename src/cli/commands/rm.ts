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
    .description('Remove environments with their machines, disks and snapshots, running or not')
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
  const counts = await snapshotCounts(client);
  await giveBack(cli, client, present, options, {
    start: (name) =>
      client.environments.remove(
        name,
        options.keepVolumes === undefined ? {} : { keepVolumes: options.keepVolumes },
      ),
    done: options.keepVolumes === true ? 'removed, its volumes kept' : 'removed',
    note: (name) => countText(counts.get(name) ?? 0),
    disk: true,
  });
}

/** Only for the words at the end. */
async function snapshotCounts(client: Client): Promise<ReadonlyMap<string, number>> {
  const all = await client.snapshots.list().catch(() => []);
  const groups = Map.groupBy(all, ({ environment }) => environment);
  return new Map([...groups].map(([name, snapshots]) => [name, snapshots.length]));
}

function countText(count: number): string {
  return count === 0 ? '' : `, with ${count} ${count === 1 ? 'snapshot' : 'snapshots'}`;
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
