import { Command } from 'commander';
import { type DaemonOptions, withDaemon, withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { runRemoteProcess } from '../terminal/remote-process.ts';

export function define(cli: Cli): Command {
  const command = new Command('shell')
    .description('Open a shell in the machine itself, or run a command there')
    .argument('<environment>')
    .argument('[command...]', 'command and arguments, after --; default: a login shell')
    .usage('[options] <environment> [-- <command...>]')
    .action(async (environment: string, argv: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      const login = argv.length === 0;
      const terminal = login && process.stdin.isTTY === true && process.stdout.isTTY === true;
      const code = await runRemoteProcess(
        (query) => client.environments.shell(environment, login ? undefined : argv, query),
        { interactive: true, terminal },
      );
      cli.setExitCode(code);
    });
  withDaemon(command);
  return withExamples(command, [
    'berth shell shop',
    'berth shell shop -- podman ps',
    'berth shell shop < script.sh',
  ]);
}
