import { NAMES_COMMAND } from './bash.ts';
import { type CompletedCommand, optionWords } from './completed-command.ts';

/** A completion script for zsh, to be sourced or put into a directory of `fpath` as `_berth`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const cases = commands.flatMap((command) => [
    zshCase(command.name, command),
    ...command.subcommands.map((sub) => zshCase(`${command.name} ${sub.name}`, sub)),
  ]);
  const groups = commands.filter((command) => command.subcommands.length > 0).map((command) => command.name);
  return `#compdef berth
_berth() {
  local -a commands subcommands options names
  local kind='' path=\${words[2]:-}
  commands=(
${commands.map((command) => `    ${described(command)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $path in
    ${groups.join('|') || '-'}) if (( CURRENT > 3 )); then path="$path \${words[3]}"; fi ;;
  esac
  case $path in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
  elif [[ $kind == environments ]]; then
    names=(\${(f)"$(${NAMES_COMMAND})"})
    compadd -- $names
  elif (( $#subcommands )); then
    _describe command subcommands
  else
    _files
  fi
}
compdef _berth berth ./berth
`;
}

function zshCase(path: string, command: CompletedCommand): string {
  const subcommands = command.subcommands.map(described).join(' ');
  const kind = command.completes === 'environments' ? 'environments' : '';
  return `    '${path}') options=(${optionWords(command).join(' ')}); subcommands=(${subcommands}); kind='${kind}' ;;`;
}

function described(command: CompletedCommand): string {
  return quote(`${command.name}:${command.description.replaceAll(':', '\\:')}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
