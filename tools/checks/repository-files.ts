import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text file of the repository. */
export interface RepositoryFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

const LARGEST_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * Paths of all files that are in the repository or could be added to it. Without git (an unpacked archive)
 * everything counts but `node_modules`.
 */
function repositoryPaths(root: string): string[] {
  const paths = existsSync(join(root, '.git')) ? pathsByGit(root) : pathsOnDisk(root);
  return paths.filter((path) => existsSync(join(root, path))).toSorted();
}

function pathsByGit(root: string): string[] {
  const argv = [
    '-c',
    `safe.directory=${root}`,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ];
  return execFileSync('git', argv, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\0')
    .filter((path) => path !== '');
}

function pathsOnDisk(root: string): string[] {
  const exclude = (path: string) => path === 'node_modules' || path === '.git';
  const entries = globSync('**/{*,.*}', {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => exclude(entry.name),
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length));
}

/** The text files among {@link repositoryPaths}; what holds a zero byte or is very large is no text. */
export function* repositoryTexts(root: string): Generator<RepositoryFile> {
  for (const path of repositoryPaths(root)) {
    const bytes = readFileSync(join(root, path));
    if (bytes.length <= LARGEST_TEXT_BYTES && !bytes.includes(0))
      yield { path, text: bytes.toString('utf8') };
  }
}

/** The Markdown documents among {@link repositoryTexts}. */
export function repositoryDocuments(root: string): RepositoryFile[] {
  return [...repositoryTexts(root)].filter(({ path }) => path.endsWith('.md'));
}
