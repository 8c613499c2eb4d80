import { Command } from 'commander';
import {
  type DaemonOptions,
  type JsonOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { environmentColumns } from '../format/environment-lines.ts';
import { printList } from './print-list.ts';

export function define(cli: Cli): Command {
  const command = new Command('ls')
    .description('List environments')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      const all = await client.environments.list();
      // Names are for other commands, and replicas go with their environment.
      const environments =
        options.quiet === true ? all.filter(({ replicaOf }) => replicaOf === undefined) : all;
      printList(cli, environments, environmentColumns(cli.out.style, Date.now(), environments), options, {
        name: (one) => one.name,
        whenEmpty: 'No environments; create one with: berth up',
      });
    });
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth ls', 'berth ls --json', 'berth rm $(berth ls -q)']);
}
