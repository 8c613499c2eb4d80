import { basename } from 'node:path';
import type { Variable } from './docker-variables.ts';

/** Shells whose language `docker-env` speaks. */
export const SHELLS = ['sh', 'bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** The user's shell by `$SHELL`; `sh` where that says nothing, whose language most others understand. */
export function guessShell(env: Readonly<Record<string, string | undefined>>): Shell {
  const name = basename(env['SHELL'] ?? '');
  if (name === 'pwsh') return 'powershell';
  return SHELLS.find((shell) => shell === name) ?? 'sh';
}

/** Lines that set variables in a shell. */
export function setLines(shell: Shell, variables: readonly Variable[]): string[] {
  return variables.map(([name, value]) => {
    if (shell === 'fish') return `set -gx ${name} ${quoteFish(value)};`;
    if (shell === 'powershell') return `$Env:${name} = ${quotePowershell(value)}`;
    return `export ${name}=${quotePosix(value)}`;
  });
}

/** Lines that remove variables from a shell; those that are not there are no error. */
export function unsetLines(shell: Shell, names: readonly string[]): string[] {
  if (shell === 'fish') return names.map((name) => `set -e ${name};`);
  if (shell === 'powershell')
    return names.map((name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`);
  return names.map((name) => `unset ${name}`);
}

/** A comment that says how to make the shell read a command's output. */
export function usageLine(shell: Shell, command: string): string {
  if (shell === 'fish') return `# ${command} | source`;
  if (shell === 'powershell') return `# & ${command} | Out-String | Invoke-Expression`;
  return `# eval "$(${command})"`;
}

const isPlain = (value: string) => /^[\w@%+=:,./-]+$/.test(value);
const quotePosix = (value: string) => (isPlain(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
const quoteFish = (value: string) => (isPlain(value) ? value : `'${value.replaceAll(/['\\]/g, '\\$&')}'`);
const quotePowershell = (value: string) => `'${value.replaceAll("'", "''")}'`;
