import { Command } from 'commander';
import { type DaemonOptions, withDaemon, withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { runDocker } from '../docker/docker-program.ts';
import { dockerVariables } from '../docker/docker-variables.ts';

export function define(cli: Cli): Command {
  const command = new Command('docker')
    .description("Run your own docker command line against an environment's engine; ends with its exit code")
    .argument('<environment>')
    .argument('[arguments...]', 'of docker, after --')
    .usage('[options] <environment> -- <arguments...>')
    .action(async (environment: string, argv: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      const variables = dockerVariables(await client.environments.get(environment));
      cli.setExitCode(await runDocker(cli, argv, variables));
    });
  withDaemon(command);
  return withExamples(command, [
    'berth docker shop -- ps',
    'berth docker shop -- run --rm -it busybox sh',
    'berth docker shop -- build -t app .',
  ]);
}
