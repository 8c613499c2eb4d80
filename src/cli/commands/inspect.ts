import { Command } from 'commander';
import {
  type DaemonOptions,
  type JsonOptions,
  withDaemon,
  withExamples,
  withJson,
} from '../arguments/options.ts';
import { environmentName } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { printEnvironment } from './print-ready.ts';

export function define(cli: Cli): Command {
  const command = new Command('inspect')
    .description('Show everything that is known of an environment')
    .argument('[environment]', 'default: that of the project in the working directory')
    .action(async (given: string | undefined, options: DaemonOptions & JsonOptions) => {
      const name = await environmentName(given, cli);
      const client = await cli.connect(options);
      const environment = await client.environments.get(name);
      if (options.json === true) return cli.out.line(formatJson(environment));
      printEnvironment(cli, environment);
    });
  withDaemon(withJson(command));
  return withExamples(command, ['berth inspect shop', 'berth inspect shop --json']);
}
