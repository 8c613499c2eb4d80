import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { allocatedBytes, readJson } from '../host/index.ts';
import type { Image, ImageId } from '../model/index.ts';

export const MANIFEST_FILE = 'manifest.json';
export const KERNEL_FILE = 'vmlinuz';
export const INITRD_FILE = 'initrd.img';
export const DISK_FILE = 'disk.raw';
const MANIFEST_VERSION = 1;

/** An image and where its files are. */
export interface BuiltImage extends Image {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Raw ext4 file system without a partition table; nobody may write to it. */
  readonly diskPath: string;
  /** Size of the root disk as the guest sees it; a machine's disk must not be smaller. */
  readonly diskVirtualBytes: number;
  /** Kernel command line, without the key of who may log in. */
  readonly kernelArguments: string[];
}

/** `manifest.json` of an image's directory. */
export interface ImageManifest {
  readonly version: number;
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly recipeHash: string;
  readonly kernel: string;
  readonly kernelArguments: readonly string[];
  readonly diskVirtualBytes: number;
  readonly packages: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

export function newManifest(content: Omit<ImageManifest, 'version' | 'id'>): ImageManifest {
  return { version: MANIFEST_VERSION, id: imageIdOf(content.recipeHash, content.packages), ...content };
}

/** The same recipe and the same package versions make the same image. */
export function imageIdOf(recipeHash: string, packages: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(packages).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify([recipeHash, sorted]));
  return `img-${hash.digest('hex').slice(0, 16)}`;
}

/** Reads the image in `directory`; undefined when there is no complete one of this version. */
export async function readImage(
  directory: string,
  isCurrent: (name: string, recipeHash: string) => boolean,
): Promise<BuiltImage | undefined> {
  const manifest = await readJson<ImageManifest>(join(directory, MANIFEST_FILE));
  if (manifest?.version !== MANIFEST_VERSION) return undefined;
  const { id, name, createdAt, recipeHash, kernel, packages, files, diskVirtualBytes } = manifest;
  return {
    id: id as ImageId,
    name,
    createdAt,
    recipeHash,
    kernel,
    packages,
    files,
    diskVirtualBytes,
    diskBytes: await allocatedBytes(directory),
    current: isCurrent(name, recipeHash),
    kernelPath: join(directory, KERNEL_FILE),
    initrdPath: join(directory, INITRD_FILE),
    diskPath: join(directory, DISK_FILE),
    kernelArguments: [...manifest.kernelArguments],
  };
}

/** Reads name and version of each installed package from dpkg's status file. */
export function parsePackages(status: string): Record<string, string> {
  const packages: Record<string, string> = {};
  for (const stanza of status.split('\n\n')) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, version] = [field('Package'), field('Version')];
    if (name === undefined || version === undefined) continue;
    if (field('Status') === 'install ok installed') packages[name] = version;
  }
  return packages;
}

/** Hashes (sha256, hex) of the files of the image in a directory, by their names; none where there is no image. */
export async function imageFilesIn(directory: string): Promise<Readonly<Record<string, string>>> {
  const manifest = await readJson<ImageManifest>(join(directory, MANIFEST_FILE)).catch(() => undefined);
  return manifest?.version === MANIFEST_VERSION ? manifest.files : {};
}
