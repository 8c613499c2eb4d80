import type { Command } from 'commander';

/** What completion needs to know of one command. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly subcommands: readonly CompletedCommand[];
  /** What its arguments are, judged by their names. */
  readonly completes: 'environments' | 'nothing';
}

export interface CompletedOption {
  /** `-f`. */
  readonly short?: string;
  /** `--file`. */
  readonly long?: string;
  readonly description: string;
  /** True when a value follows. */
  readonly takesValue: boolean;
}

/** Reads a commander command, subcommands included. */
export function completedCommand(command: Command): CompletedCommand {
  return {
    name: command.name(),
    description: command.description(),
    options: command.options.map((option) => ({
      description: option.description,
      takesValue: option.required || option.optional,
      ...(option.short === undefined ? {} : { short: option.short }),
      ...(option.long === undefined ? {} : { long: option.long }),
    })),
    subcommands: command.commands.map(completedCommand),
    completes: command.registeredArguments.some((argument) => argument.name().includes('environment'))
      ? 'environments'
      : 'nothing',
  };
}

/** `-f --file -q …`: every spelling of every option, `--help` included. */
export function optionWords(command: CompletedCommand): string[] {
  const spellings = command.options.flatMap((option) => [option.short, option.long]);
  return [...new Set([...spellings.filter((spelling) => spelling !== undefined), '-h', '--help'])];
}
