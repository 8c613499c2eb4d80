import { NAMES_COMMAND } from './bash.ts';
import type { CompletedCommand, CompletedOption } from './completed-command.ts';

/** A completion script for fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c berth -f -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
    ...(command.subcommands.length > 0 ? group(command) : plain(command)),
  ]);
  return `# fish completion for berth\n${lines.join('\n')}\n`;
}

function plain(command: CompletedCommand): string[] {
  return completions(`__fish_seen_subcommand_from ${command.name}`, command);
}

function group(command: CompletedCommand): string[] {
  const names = command.subcommands.map((sub) => sub.name).join(' ');
  const inGroup = `__fish_seen_subcommand_from ${command.name}`;
  return command.subcommands.flatMap((sub) => [
    `complete -c berth -f -n ${quote(`${inGroup}; and not __fish_seen_subcommand_from ${names}`)} -a ${sub.name} -d ${quote(sub.description)}`,
    ...completions(`${inGroup}; and __fish_seen_subcommand_from ${sub.name}`, sub),
  ]);
}

function completions(condition: string, command: CompletedCommand): string[] {
  const when = `complete -c berth -n ${quote(condition)}`;
  const names = command.completes === 'environments' ? [`${when} -f -a ${quote(`(${NAMES_COMMAND})`)}`] : [];
  return [...names, ...command.options.map((option) => `${when} ${optionFlags(option)}`)];
}

function optionFlags(option: CompletedOption): string {
  return [
    ...(option.short === undefined ? [] : [`-s ${option.short.replace(/^-+/, '')}`]),
    ...(option.long === undefined ? [] : [`-l ${option.long.replace(/^-+/, '')}`]),
    ...(option.takesValue ? ['-r'] : []),
    `-d ${quote(option.description)}`,
  ].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
