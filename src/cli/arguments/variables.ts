import { parseEnv } from 'node:util';

/** Names that a Compose file refers to as `$NAME` or `${NAME…}`; `$$` is a dollar sign. */
export function mentionedVariables(text: string): string[] {
  const names = new Set<string>();
  for (const match of text.replaceAll('$$', '').matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    if (match[1] !== undefined) names.add(match[1]);
  }
  return [...names].sort();
}

/** The variables to send with a Compose file: only those that it mentions; the process's own win over `.env`. */
export function collectVariables(
  text: string,
  dotEnv: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const file = dotEnv === undefined ? {} : parseEnv(dotEnv);
  const variables: Record<string, string> = {};
  for (const name of mentionedVariables(text)) {
    const value = env[name] ?? file[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}
