import { Command } from 'commander';
import { type DaemonOptions, withDaemon, withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { runRemoteProcess } from '../terminal/remote-process.ts';

interface ExecOptions extends DaemonOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('exec')
    .description('Run a command in the container of a service; ends with its exit code')
    .argument('<environment>')
    .argument('<service>')
    .argument('<command...>', 'command and arguments, after --')
    .usage('[options] <environment> <service> -- <command...>')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give it a terminal')
    .action(async (environment: string, service: string, argv: readonly string[], options: ExecOptions) => {
      const client = await cli.connect(options);
      const code = await runRemoteProcess(
        (query) => client.environments.exec(environment, service, argv, query),
        {
          interactive: options.interactive === true,
          terminal: options.tty === true,
        },
      );
      cli.setExitCode(code);
    });
  withDaemon(command);
  return withExamples(command, [
    'berth exec shop store -- valkey-cli info',
    'berth exec -it shop web -- sh',
    "echo 'select 1' | berth exec -i shop db -- psql",
  ]);
}
