import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import type { Check } from './outcome.ts';
import { type RepositoryFile, repositoryDocuments } from './repository-files.ts';

const FOLDERS = 'src|docs|tools|test|guest|examples|bench|deploy|\\.ci';
/** `src/host/index.ts`, `./berth`, `docs/`: a path of the repository in a code span, with or without a line number. */
const PATH_IN_CODE = new RegExp(`^(?:\\./)?((?:${FOLDERS})/[\\w./@-]*|berth(?=$))(?::\\d+)?$`);
const CODE_SPAN = /`([^`\n]+)`/g;
const LINK = /\[[^\]\n]*\]\(([^)\s]+)\)/g;

/** Every path of the repository that a document names, in a link or a code span, is there. */
export const namedPaths: Check = {
  name: 'paths in documents',
  run(root) {
    const documents = repositoryDocuments(root);
    const ignored = ignoredPaths(root);
    const named = documents.flatMap((document) => pathsNamedIn(document).map((path) => ({ path, document })));
    const problems = named
      .filter(({ path }) => !ignored.some((each) => path.startsWith(each)) && !existsSync(join(root, path)))
      .map(({ path, document }) => `${document.path}: names ${path}, which is not there`);
    return { seen: named.length, unit: 'paths', problems };
  },
};

/** Paths from the root that a document names; links count from the folder of the document. */
export function pathsNamedIn({ path, text }: RepositoryFile): string[] {
  const prose = text.replaceAll(/^```[^]*?^```/gm, '');
  const inCode = [...prose.matchAll(CODE_SPAN)].flatMap(
    ([, span = '']) => PATH_IN_CODE.exec(span)?.[1] ?? [],
  );
  const linked = [...prose.matchAll(LINK)].flatMap(([, target = '']) => {
    const file = target.split('#')[0] ?? '';
    return file === '' || /^[a-z]+:/.test(file) ? [] : normalize(join(dirname(path), file));
  });
  return [...new Set([...inCode, ...linked])];
}

/** What git ignores is made when the project runs; only plain lines such as `/bench/results/` are understood. */
function ignoredPaths(root: string): string[] {
  const file = join(root, '.gitignore');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => /^\/[\w./-]+\/$/.test(line)).map((line) => line.slice(1));
}
