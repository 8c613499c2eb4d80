import { Command, Option } from 'commander';
import {
  type DaemonOptions,
  type JsonOptions,
  withDaemon,
  withExamples,
  withJson,
} from '../arguments/options.ts';
import { environmentName } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { DOCKER_VARIABLES, dockerVariables, MISLEADING_VARIABLES } from '../docker/docker-variables.ts';
import { guessShell, setLines, SHELLS, type Shell, unsetLines, usageLine } from '../docker/shells.ts';
import { formatJson } from '../format/json.ts';

interface DockerEnvOptions extends DaemonOptions, JsonOptions {
  readonly shell?: Shell;
  readonly unset?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('docker-env')
    .description("Print what makes a shell's Docker clients use an environment")
    .argument('[environment]', 'default: that of the project in the working directory')
    .addOption(new Option('--shell <shell>', 'whose language; default: by $SHELL').choices(SHELLS))
    .option('--unset', 'print what undoes it instead; needs no environment')
    .action(async (given: string | undefined, options: DockerEnvOptions) => {
      const shell = options.shell ?? guessShell(cli.env);
      if (options.unset === true) return printUnset(cli, shell, options);
      const name = await environmentName(given, cli);
      const client = await cli.connect(options);
      const variables = dockerVariables(await client.environments.get(name));
      if (options.json === true) return cli.out.line(formatJson(Object.fromEntries(variables)));
      const misleading = MISLEADING_VARIABLES.filter((variable) => cli.env[variable] !== undefined);
      for (const line of [...setLines(shell, variables), ...unsetLines(shell, misleading)])
        cli.out.line(line);
      cli.out.line(usageLine(shell, `./berth docker-env ${name}`));
    });
  withDaemon(withJson(command));
  return withExamples(command, [
    'eval "$(berth docker-env shop)"',
    'berth docker-env shop --shell fish | source',
    'eval "$(berth docker-env --unset)"',
  ]);
}

function printUnset(cli: Cli, shell: Shell, { json }: JsonOptions): void {
  if (json === true) return cli.out.line(formatJson(DOCKER_VARIABLES));
  for (const line of unsetLines(shell, DOCKER_VARIABLES)) cli.out.line(line);
  cli.out.line(usageLine(shell, './berth docker-env --unset'));
}
