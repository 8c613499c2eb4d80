import { dirname, join } from 'node:path';
import { debianMirror, ensureDirectory, run, writeAtomic } from '../../../src/host/index.ts';
import type { ImageFile } from './image-files.ts';

/** What goes into the image: programs and modules of Debian packages, the libraries they load, and names for busybox. */
export const ROOT_RECIPE = {
  suite: 'trixie',
  packages: ['nginx', 'libnginx-mod-http-lua', 'lua-nginx-redis', 'valkey-server', 'busybox-static'],
  programs: [
    'usr/sbin/nginx',
    'usr/bin/valkey-server',
    'usr/bin/valkey-cli',
    'usr/lib/nginx/modules/ndk_http_module.so',
    'usr/lib/nginx/modules/ngx_http_lua_module.so',
  ],
  trees: ['usr/share/lua/5.1/nginx', 'usr/share/lua/5.1/ngx', 'usr/share/lua/5.1/resty'],
  applets:
    'awk cat chmod cp cut date df du echo env expr false find free grep head hostname id kill less ln ls mkdir mount mv nc netstat nslookup ping printf ps pwd rm sed sh sleep sort stat tail tar test top touch tr true uname uniq uptime vi wc wget which xargs'.split(
      ' ',
    ),
  passwd:
    'root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/:/bin/false\nvalkey:x:999:999:valkey:/data:/bin/false\n',
  group: 'root:x:0:\nwww:x:33:\nvalkey:x:999:\n',
};

const INSTALL_TIMEOUT_MS = 15 * 60_000;

export interface RootOptions {
  readonly work: string;
  readonly files: readonly ImageFile[];
  readonly env: Record<string, string | undefined>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Makes the image's root directory below `work` and returns its path. */
export async function installRoot(o: RootOptions): Promise<string> {
  const { work, signal, say } = o;
  const [packages, tree, root] = ['packages.tar', 'tree', 'root'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  const mirror = await debianMirror(o.env);
  say(`fetch packages from ${mirror.uri}`);
  const { suite } = ROOT_RECIPE;
  await run(
    [
      ...['mmdebstrap', '--variant=extract', `--include=${ROOT_RECIPE.packages.join(',')}`],
      '--aptopt=Acquire::Retries "5"',
      ...['--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-exclude=/usr/share/man/*'],
      ...[suite, packages, `deb [signed-by=${mirror.keyring}] ${mirror.uri} ${suite} main`],
    ],
    { timeoutMs: INSTALL_TIMEOUT_MS, signal, env: { LC_ALL: 'C' } },
  );
  await ensureDirectory(tree);
  await run(['tar', '-xf', packages, '-C', tree, '--exclude=./dev'], { signal, timeoutMs: 120_000 });
  say('assemble the image');
  await copyPrograms(tree, root, signal);
  await addOwnFiles(root, o.files, signal);
  return root;
}

/** Copies programs with every library that they load, links followed, to the same places. */
async function copyPrograms(tree: string, root: string, signal: AbortSignal): Promise<void> {
  const wanted = new Set(['usr/bin/busybox', 'usr/lib64/ld-linux-x86-64.so.2', ...ROOT_RECIPE.programs]);
  for (const program of ROOT_RECIPE.programs) {
    for (const library of await librariesOf(tree, program, signal)) wanted.add(library);
  }
  await ensureDirectory(root);
  await run(['cp', '--dereference', '--parents', ...wanted, root], { cwd: tree, signal });
  await run(['cp', '--recursive', '--dereference', '--parents', ...ROOT_RECIPE.trees, root], {
    cwd: tree,
    signal,
  });
}

/** The tree's own loader tells what a program loads from the tree. */
async function librariesOf(tree: string, program: string, signal: AbortSignal): Promise<string[]> {
  const libraries = join(tree, 'usr/lib/x86_64-linux-gnu');
  const loader = join(tree, 'usr/lib64/ld-linux-x86-64.so.2');
  const argv = [loader, '--library-path', libraries, '--list', join(tree, program)];
  const { stdout } = await run(argv, { signal });
  const paths = [...stdout.matchAll(/ => (\S+)/g)].map((match) => match[1] ?? '');
  return paths.filter((path) => path.startsWith(`${tree}/`)).map((path) => path.slice(tree.length + 1));
}

async function addOwnFiles(root: string, files: readonly ImageFile[], signal: AbortSignal): Promise<void> {
  const write = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await ensureDirectory(dirname(join(root, path)));
    await writeAtomic(join(root, path), text, { mode });
  };
  await write('etc/passwd', ROOT_RECIPE.passwd);
  await write('etc/group', ROOT_RECIPE.group);
  for (const { name, text, mode } of files) await write(`shop/${name}`, text, mode);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await ensureDirectory(join(root, 'usr', name));
    await run(['ln', '-s', `usr/${name}`, join(root, name)], { signal });
  }
  for (const name of ROOT_RECIPE.applets)
    await run(['ln', '-s', 'busybox', join(root, 'usr/bin', name)], { signal });
  for (const name of ['dev', 'proc', 'sys', 'run', 'root']) await ensureDirectory(join(root, name));
  await ensureDirectory(join(root, 'tmp'), { mode: 0o1777 });
}
