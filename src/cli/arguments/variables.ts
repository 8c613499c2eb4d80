import { parseEnv } from 'node:util';

/** `- NAME` or `NAME:` on a line of its own: what a service takes over by name under `environment`. */
const TAKEN_OVER = /^[ \t]*(?:-[ \t]*)?(["']?)([A-Za-z_]\w*)\1[ \t]*:?[ \t]*(?:~|null)?[ \t]*(?:#.*)?$/gm;
/** `environment: [NAME, OTHER]`. */
const TAKEN_OVER_IN_FLOW = /\benvironment[ \t]*:[ \t]*[[{]([^\]}]*)[\]}]/g;
/** `environment: NAME`: where a secret or a config comes from. */
const SOURCE = /\benvironment["']?[ \t]*:[ \t]*(["']?)([A-Za-z_]\w*)\1[ \t]*(?=[,}#\r\n]|$)/g;
/** Picks the profiles whose services start. */
const PROFILES = 'COMPOSE_PROFILES';

/**
 * Names that a Compose file may refer to: as `$NAME` or `${NAME…}` (`$$` is a dollar sign), by name under `environment` (of a
 * service, a secret or a config), or by having profiles. Some that only look like it are among them; the daemon reads the file properly.
 */
export function mentionedVariables(text: string): string[] {
  const names = new Set<string>();
  const add = (name: string | undefined): unknown => name !== undefined && names.add(name);
  for (const match of text.replaceAll('$$', '').matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) add(match[1]);
  for (const match of text.matchAll(TAKEN_OVER)) add(match[2]);
  for (const match of text.matchAll(TAKEN_OVER_IN_FLOW)) {
    for (const word of (match[1] ?? '').split(',')) add(/^\s*["']?([A-Za-z_]\w*)["']?\s*$/.exec(word)?.[1]);
  }
  for (const match of text.matchAll(SOURCE)) add(match[2]);
  if (/\bprofiles["']?[ \t]*:/.test(text)) add(PROFILES);
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
