import { posix } from 'node:path';
import { isWithin } from '../model/index.ts';
import type { ComposeFiles, FileReference, FileUse } from './compose-project.ts';
import { hostPathRefusal, mountRefusal } from './mount-sources.ts';
import type { ProblemList } from './problem-list.ts';
import type { Place } from './value.ts';

/** Collects the files of the host that a Compose file refers to, and reports those that the machine cannot have. */
export class FileReferences {
  readonly found: FileReference[] = [];
  readonly problems: ProblemList;
  readonly #files: ComposeFiles | undefined;

  constructor(files: ComposeFiles | undefined, problems: ProblemList) {
    this.#files = files;
    this.problems = problems;
  }

  /**
   * Notes that `text` is used as a file. Gives its absolute path, or undefined when the machine cannot have it.
   * @param base where it starts when it is relative; default: the project directory
   */
  add(
    use: FileUse,
    text: string,
    where: string,
    place: Place,
    o: { readonly required?: boolean; readonly base?: string } = {},
  ): string | undefined {
    const path = this.#resolve(text, o.base);
    const refusal = path === undefined ? unknownPath(text, this.#files) : this.#refusalOf(use, text, path);
    if (refusal !== undefined || path === undefined) {
      this.problems.add('unsupported', where, refusal ?? '', place.start);
      return undefined;
    }
    if (!this.#isOfHost(path)) return path;
    const at = this.problems.placeOf(place.start);
    this.found.push({ use, path, where, ...at, required: o.required ?? true });
    return path;
  }

  #resolve(text: string, base: string | undefined): string | undefined {
    if (isWindowsPath(text)) return undefined;
    if (text.startsWith('/')) return clean(text);
    const files = this.#files;
    if (files === undefined) return undefined;
    if (text !== '~' && !text.startsWith('~/')) return clean(posix.join(base ?? files.directory, text));
    return files.home === undefined ? undefined : clean(posix.join(files.home, text.slice(1)));
  }

  #refusalOf(use: FileUse, text: string, path: string): string | undefined {
    if (this.#isOfHost(path)) return undefined;
    const mountable = this.#files?.mountable ?? [];
    // A relative path, and whatever somebody put into /tmp, is never meant to be the machine's own.
    const isOwn = text.startsWith('/') && !path.startsWith('/tmp/');
    if (use === 'bind') return isOwn ? mountRefusal(path, mountable) : hostPathRefusal(path, mountable);
    if (this.#files === undefined) return unknownPath(path, undefined);
    return hostPathRefusal(path, mountable).replace(', or use a named volume', '');
  }

  #isOfHost(path: string): boolean {
    return this.#files?.mountable.some((directory) => isWithin(path, directory)) ?? false;
  }
}

function clean(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/+$/, '');
}

function isWindowsPath(text: string): boolean {
  return /^([A-Za-z]:[\\/]|\\\\)/.test(text);
}

function unknownPath(text: string, files: ComposeFiles | undefined): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  if (isWindowsPath(text)) return `"${shown}" is a path of Windows`;
  if (files === undefined) return `"${shown}" is a file of this host, and no files go to the machine`;
  return `"${shown}" starts in a home directory, and it is not known which: write the whole path`;
}
