import { basename, posix, resolve } from 'node:path';
import { berthError } from '../../errors/index.ts';

/** One end of a copy. */
export type CopyPlace =
  | { readonly kind: 'stream' }
  | {
      readonly kind: 'local';
      /** Absolute and clean. */
      readonly path: string;
      /** It is the content that is meant and not the directory: the path ended with `/.`. */
      readonly isContent: boolean;
      /** It was written with a slash at its end: it has to be a directory. */
      readonly isDirectory: boolean;
    }
  | RemotePlace;

export interface RemotePlace {
  readonly kind: 'remote';
  readonly environment: string;
  /** Absent: the machine itself. */
  readonly service?: string;
  /** Absolute; from `/` where it was relative, and with `/.` or `/` at its end as it was written. */
  readonly path: string;
}

const REMOTE = /^([a-z0-9][a-z0-9-]{0,39})(?:\/([A-Za-z0-9._-]+))?:(.*)$/s;

/** Reads `ENV:PATH`, `ENV/SERVICE:PATH`, `-`, or a path of this host; one with a colon is written `./a:b`. */
export function readPlace(text: string, cwd: string): CopyPlace {
  if (text === '-') return { kind: 'stream' };
  const [, environment, service, path = ''] = REMOTE.exec(text) ?? [];
  if (environment === undefined) {
    const isContent = /(^|\/)\.$/.test(text);
    return { kind: 'local', path: resolve(cwd, text), isContent, isDirectory: text.endsWith('/') };
  }
  if (path === '')
    throw berthError('bad-request', `"${text}" names no path`, { remedy: `Write \`${text}/path\`.` });
  const absolute = path.startsWith('/') ? path : `/${path}`;
  return { kind: 'remote', environment, path: absolute, ...(service === undefined ? {} : { service }) };
}

/** How the names of an archive become paths at its target. */
export interface Placing {
  /** Directory in which everything lands; it is there. */
  readonly directory: string;
  /** The name that the thing gets in it; `''` when its content comes into the directory itself. */
  readonly name: string;
}

/** What is at the target of a copy. */
export type TargetState = 'directory' | 'file' | 'missing' | 'nowhere';

/**
 * Where a copy goes, by the rules of `docker cp`: into a directory that is there, over a file that is there, or under the target's own
 * name when only the directory around it is there.
 * @throws `bad-request`
 */
export function placeAt(
  target: string,
  state: TargetState,
  source: { readonly name: string; readonly isContent: boolean; readonly isDirectory: boolean },
): Placing {
  const clean = target.replace(/(?<=.)\/+\.?$/, '').replace(/(?<=.)\/+$/, '');
  if (state === 'directory') return { directory: clean, name: source.isContent ? '' : source.name };
  const around = { directory: posix.dirname(clean), name: basename(clean) };
  if (state === 'nowhere')
    throw berthError('bad-request', `there is no directory ${around.directory}`, {
      remedy: 'Make it first, or copy to a directory that is there.',
    });
  if (target.endsWith('/') && !source.isDirectory)
    throw berthError('bad-request', `there is no directory ${clean}`, {
      remedy: 'Leave out the slash at its end to give the copy that name.',
    });
  return around;
}
