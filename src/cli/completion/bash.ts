import { type CompletedCommand, optionWords } from './completed-command.ts';

/** Asks for the names of environments without starting a daemon; used by every shell. */
export const NAMES_COMMAND = 'berth ls -q --no-autostart 2>/dev/null';

/** A completion script for bash. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const cases = commands.flatMap((command) => [
    ...bashCase(command.name, command),
    ...command.subcommands.flatMap((sub) => bashCase(`${command.name} ${sub.name}`, sub)),
  ]);
  return `# bash completion for berth
_berth() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]:-} path words='' names=''
  if [ "$COMP_CWORD" -le 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map((command) => command.name).join(' ')} --help' -- "$current"))
    return
  fi
  path=$command
  case $command in
    ${groups(commands) || '-'}) if [ "$COMP_CWORD" -gt 2 ]; then path="$command \${COMP_WORDS[2]}"; fi ;;
  esac
  case $path in
${cases.map((line) => `    ${line}`).join('\n')}
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      if [ "$names" = environments ]; then names=$(${NAMES_COMMAND}); fi
      COMPREPLY=($(compgen -W "$names" -- "$current"))
      ;;
  esac
}
complete -o default -F _berth berth ./berth
`;
}

function bashCase(path: string, command: CompletedCommand): string[] {
  const subcommands = command.subcommands.map((sub) => sub.name).join(' ');
  const names = command.completes === 'environments' ? 'environments' : subcommands;
  return [`'${path}') words='${optionWords(command).join(' ')}'; names='${names}' ;;`];
}

function groups(commands: readonly CompletedCommand[]): string {
  return commands
    .filter((command) => command.subcommands.length > 0)
    .map((command) => command.name)
    .join(' | ');
}
