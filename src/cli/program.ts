import { Command, type OutputConfiguration } from 'commander';
import { catalogue } from './catalogue.ts';
import type { Cli } from './cli.ts';

/** Takes what commander wants to say of a wrong command line. */
export type UsageListener = (text: string) => void;

/** The program with the one command that `argv` calls read in, and all others as names with a summary. */
export async function createProgram(
  cli: Cli,
  argv: readonly string[],
  onUsageError: UsageListener,
): Promise<Command> {
  const program = new Command('berth')
    .description('Container environments in virtual machines that can be forked while they run.')
    .commandsGroup('More:')
    .helpCommand('help [command]', 'show help for a command')
    .helpOption('-h, --help', 'show help')
    .version('', '-V, --version', 'show versions')
    .addHelpText('after', OVERVIEW_END);
  const called = calledCommand(argv);
  for (const { name, summary, group, load } of catalogue) {
    const command = name === called ? (await load()).define(cli) : new Command(name).description(summary);
    program.addCommand(command.summary(summary).helpGroup(group));
  }
  configure(program, cli, onUsageError);
  return program;
}

const OVERVIEW_END = `
Examples:
  $ berth up -f compose.yaml --name shop
  $ berth fork shop --count 3
  $ berth help up

Data is in /var/lib/berth; the environment variable BERTH_HOME moves it.`;

// `berth help up` needs the whole of `up` as well.
function calledCommand(argv: readonly string[]): string | undefined {
  return argv[0] === 'help' ? argv[1] : argv[0];
}

// Settings are not inherited by commands that are added as objects.
function configure(command: Command, cli: Cli, onUsageError: UsageListener): void {
  const output: OutputConfiguration = {
    writeOut: (text) => cli.out.write(text),
    writeErr: (text) => cli.err.write(text),
    outputError: (text) => onUsageError(text),
    getOutHelpWidth: () => Math.min(cli.out.columns(), 120),
    getErrHelpWidth: () => Math.min(cli.err.columns(), 120),
    getOutHasColors: () => cli.out.isTerminal,
    getErrHasColors: () => cli.err.isTerminal,
  };
  command.exitOverride().configureOutput(output).showSuggestionAfterError(true);
  for (const subcommand of command.commands) configure(subcommand, cli, onUsageError);
}
