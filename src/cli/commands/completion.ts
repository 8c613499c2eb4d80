import { Argument, Command } from 'commander';
import { withExamples } from '../arguments/options.ts';
import { catalogue } from '../catalogue.ts';
import type { Cli } from '../cli.ts';
import { bashCompletion } from '../completion/bash.ts';
import { type CompletedCommand, completedCommand } from '../completion/completed-command.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const PRINTERS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function define(cli: Cli): Command {
  const command = new Command('completion')
    .description('Print a script that completes commands, options and names in a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(async (shell: Shell) => cli.out.write(PRINTERS[shell](await allCommands(cli))));
  return withExamples(command, [
    'source <(berth completion bash)',
    'source <(berth completion zsh)',
    'berth completion fish > ~/.config/fish/completions/berth.fish',
  ]);
}

/** Every command with its options, as completion needs them. */
export async function allCommands(cli: Cli): Promise<CompletedCommand[]> {
  const modules = await Promise.all(catalogue.map((entry) => entry.load()));
  return modules.map((module) => completedCommand(module.define(cli)));
}
