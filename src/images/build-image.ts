import { join } from 'node:path';
import { asBerthError, berthError } from '../errors/index.ts';
import {
  chmod,
  copyFile,
  crashPoint,
  type DebianMirror,
  debianMirror,
  diskSpace,
  listDirectory,
  readAptSources,
  readText,
  removeTree,
  sha256File,
  writeAtomic,
  writeJson,
} from '../host/index.ts';
import { formatBytes } from '../base/index.ts';
import { aptProxyEnvironment } from './apt-proxy.ts';
import { buildFailure } from './build-failure.ts';
import {
  DISK_FILE,
  type ImageManifest,
  INITRD_FILE,
  KERNEL_FILE,
  MANIFEST_FILE,
  newManifest,
  parsePackages,
} from './image-manifest.ts';
import { makeInitramfs, readInitramfsContent } from './initramfs.ts';
import { type GuestKernel, prepareKernel } from './kernel.ts';
import { packageSources } from './package-sources.ts';
import type { LoadedRecipe } from './recipe.ts';
import { makeRootDisk } from './root-disk.ts';
import { addFiles, installPackages, removeIdentity } from './root-tree.ts';
import { arrangeUnits } from './units.ts';

const MIB = 1024 ** 2;
/** Root tree and disk exist side by side while the image is built. */
const TREE_SHARE = 2;
const READ_ONLY = 0o444;

/** What a build needs. */
export interface BuildOptions {
  readonly recipe: LoadedRecipe;
  /** Empty directory that becomes the image's; on a failure the caller removes it. */
  readonly directory: string;
  readonly env: Record<string, string | undefined>;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (title: string, detail?: string) => void;
}

/** Builds an image into `directory` and writes its manifest there. Needs root and the network. */
export async function buildImage(o: BuildOptions): Promise<ImageManifest> {
  const { recipe, directory, signal, onStep } = o;
  const tree = join(directory, 'tree');
  await checkSpace(directory, recipe);
  let step = '';
  let uri = '';
  const begin = (title: string): void => {
    signal?.throwIfAborted();
    step = title;
    onStep(title);
  };
  try {
    begin('find the Debian mirror');
    const mirror = await debianMirror(o.env);
    uri = mirror.uri;
    begin('install packages');
    await install(o, tree, mirror, (detail) => {
      crashPoint('image.installing');
      onStep(step, detail);
    });
    begin('add files');
    await addFiles(tree, recipe);
    await arrangeUnits(tree, recipe);
    await removeIdentity(tree);
    begin('make the initramfs');
    const kernel = await prepareKernel(tree, recipe, signal);
    await writeBootFiles(directory, tree, recipe, kernel);
    begin('make the disk');
    await makeRootDisk({ tree, path: join(directory, DISK_FILE), sizeMib: recipe.diskMib, signal });
    begin('compute hashes');
    return await seal(o, tree, kernel);
  } catch (error) {
    if (signal?.aborted === true) throw asBerthError(signal.reason);
    throw buildFailure(error, step, uri);
  }
}

async function checkSpace(directory: string, recipe: LoadedRecipe): Promise<void> {
  const needed = recipe.diskMib * MIB * TREE_SHARE;
  const { freeBytes } = await diskSpace(directory);
  if (freeBytes >= needed) return;
  throw berthError(
    'disk-full',
    `building an image takes ${formatBytes(needed)}, ${formatBytes(freeBytes)} are free below ${directory}`,
  );
}

async function install(
  o: BuildOptions,
  tree: string,
  mirror: DebianMirror,
  onProgress: (detail: string) => void,
): Promise<void> {
  const { recipe, env, signal } = o;
  const chosen = (env.BERTH_DEBIAN_MIRROR ?? '') !== '';
  const hostSources = chosen ? [] : await readAptSources();
  await installPackages({
    recipe,
    tree,
    sources: packageSources(recipe.suite, recipe.components, mirror, hostSources),
    keyring: mirror.keyring,
    environment: await aptProxyEnvironment(signal),
    signal,
    onProgress,
  });
}

/** Kernel and initramfs go beside the disk, which does without them. */
async function writeBootFiles(
  directory: string,
  tree: string,
  recipe: LoadedRecipe,
  kernel: GuestKernel,
): Promise<void> {
  await copyFile(kernel.imagePath, join(directory, KERNEL_FILE));
  const { modulesDirectory, initramfsModules } = kernel;
  const content = await readInitramfsContent(tree, modulesDirectory, recipe.init, initramfsModules);
  await writeAtomic(join(directory, INITRD_FILE), makeInitramfs(content));
  for (const name of await listDirectory(join(tree, 'boot'))) await removeTree(join(tree, 'boot', name));
  for (const name of ['vmlinuz', 'vmlinuz.old', 'initrd.img', 'initrd.img.old'])
    await removeTree(join(tree, name));
}

async function seal(o: BuildOptions, tree: string, kernel: GuestKernel): Promise<ImageManifest> {
  const { directory, recipe, signal } = o;
  const packages = parsePackages((await readText(join(tree, 'var/lib/dpkg/status'))) ?? '');
  await removeTree(tree);
  const files: Record<string, string> = {};
  for (const name of [KERNEL_FILE, INITRD_FILE, DISK_FILE]) {
    files[name] = await sha256File(join(directory, name), signal === undefined ? {} : { signal });
    await chmod(join(directory, name), READ_ONLY);
  }
  const manifest = newManifest({
    name: recipe.name,
    createdAt: new Date().toISOString(),
    recipeHash: recipe.hash,
    kernel: kernel.release,
    kernelArguments: recipe.kernelArguments,
    diskVirtualBytes: recipe.diskMib * MIB,
    packages,
    files,
  });
  await writeJson(join(directory, MANIFEST_FILE), manifest);
  return manifest;
}
