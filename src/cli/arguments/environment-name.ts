import { basename } from 'node:path';
import { isName } from '../../model/index.ts';

const LONGEST = 40;

/** Turns any text into an environment's name, as near to it as the pattern allows; `undefined` when nothing is left. */
export function sanitizeName(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '');
  return isName(name) ? name : undefined;
}

// A top-level `name:` line; a quoted or a plain scalar, a comment after it allowed.
const NAME_LINE =
  /^name[ \t]*:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#][^\n#]*?))[ \t]*(?:[ \t]#[^\n]*)?\r?$/m;

/** The top-level `name:` of a Compose file, without reading the rest of it; variables are looked up. */
export function composeName(text: string, variables: Readonly<Record<string, string>>): string | undefined {
  const match = NAME_LINE.exec(text);
  const raw = match?.[1] ?? match?.[2] ?? match?.[3];
  if (raw === undefined) return undefined;
  return raw.replace(
    /\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|\$([A-Za-z_]\w*)/g,
    (_all, braced: string | undefined, fallback: string | undefined, bare: string | undefined) =>
      variables[braced ?? bare ?? ''] ?? fallback ?? '',
  );
}

/** The name of a project's environment: the file's `name:`, else the directory's name. */
export function deriveName(project: {
  readonly directory: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, string>>;
}): string | undefined {
  const named = composeName(project.text, project.variables);
  return sanitizeName(named !== undefined && named !== '' ? named : basename(project.directory));
}
