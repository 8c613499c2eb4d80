import { join } from 'node:path';
import { asBerthError, berthError } from '../../src/errors/index.ts';
import {
  ensureDirectory,
  findProgram,
  listDirectory,
  run,
  temporaryDirectory,
} from '../../src/host/index.ts';

const FETCH_TIMEOUT_MS = 5 * 60_000;

/** Programs of Debian's packages that are not installed: an installed server would begin to serve. */
export interface Unpacked {
  /** Directory in which the packages' files lie as they would below `/`. */
  readonly path: string;
  /** What the programs need to find their libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** Fetches packages and those that they need and that are missing here, and unpacks all of them until `closing` ends. */
export async function unpack(
  packages: readonly string[],
  signal: AbortSignal,
  closing: AsyncDisposableStack,
): Promise<Unpacked> {
  const { path } = closing.use(await temporaryDirectory());
  const archives = join(path, 'archives');
  await ensureDirectory(join(archives, 'partial'));
  const within = { cwd: path, signal, timeoutMs: FETCH_TIMEOUT_MS };
  const fetch = ['--download-only', '--reinstall', '-o', `Dir::Cache::archives=${archives}/`];
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...fetch, '--', ...packages];
  await run(install, within);
  for (const name of await listDirectory(archives))
    if (name.endsWith('.deb')) await run(['dpkg', '-x', join(archives, name), '.'], within);
  const libraries = (await listDirectory(join(path, 'usr/lib'))).filter((name) => name.includes('-linux-'));
  const search = libraries.map((name) => join(path, 'usr/lib', name)).join(':');
  return { path, env: { LD_LIBRARY_PATH: search } };
}

/** Installs packages that bring these programs, where a program is missing. @throws `tool-missing` */
export async function installMissing(
  programs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(programs))
    if ((await findProgram(program)) === undefined) missing.push(name);
  if (missing.length === 0) return;
  const argv = ['apt-get', 'install', '--yes', '--no-install-recommends', '--', ...missing];
  try {
    await run(argv, { timeoutMs: FETCH_TIMEOUT_MS, signal, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  } catch (error) {
    const why = asBerthError(error).message;
    throw berthError('tool-missing', `${missing.join(' and ')} cannot be installed: ${why}`, {
      cause: error,
    });
  }
}
