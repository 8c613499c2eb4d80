import { Command } from 'commander';
import { environmentName } from '../arguments/project.ts';
import { type DaemonOptions, withDaemon, withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { watchEnvironment } from '../files/watch-loop.ts';

export function define(cli: Cli): Command {
  const command = new Command('watch')
    .description("Send a project's files into its machine as they change, and do what develop.watch says")
    .argument('[environment]', 'default: that of the project in the working directory')
    .action(async (environment: string | undefined, options: DaemonOptions) => {
      const name = await environmentName(environment, cli);
      await watchEnvironment(cli, await cli.connect(options), name);
    });
  withDaemon(command);
  return withExamples(command, ['berth watch', 'berth watch shop-fork-1', 'berth up --watch']);
}
