import { basename, join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { readBytes } from '../host/index.ts';
import { type CpioMember, cpioArchive } from './cpio.ts';

/** What an initramfs is made of. */
export interface InitramfsContent {
  /** The first program. */
  readonly init: Uint8Array;
  readonly busybox: Uint8Array;
  /** Modules in the order in which they are to be loaded. */
  readonly modules: readonly { readonly name: string; readonly content: Uint8Array }[];
}

/**
 * An initramfs that is not compressed: it is small, and reading it is quicker than unpacking it. `modules/order`
 * names the modules, one path a line.
 */
export function makeInitramfs(content: InitramfsContent): Buffer {
  const directories = ['bin', 'dev', 'modules', 'proc', 'root', 'sys'];
  const members: CpioMember[] = [
    ...directories.map((path) => ({ path, mode: 0o755 })),
    { path: 'bin/busybox', mode: 0o755, content: content.busybox },
    { path: 'init', mode: 0o755, content: content.init },
    ...content.modules.map((module) => ({
      path: `modules/${module.name}`,
      mode: 0o644,
      content: module.content,
    })),
    {
      path: 'modules/order',
      mode: 0o644,
      content: Buffer.from(content.modules.map((module) => `/modules/${module.name}\n`).join('')),
    },
  ];
  return cpioArchive(members);
}

/** Reads from a guest's root tree what its initramfs needs; `modules` are paths below `modulesDirectory`. */
export async function readInitramfsContent(
  tree: string,
  modulesDirectory: string,
  init: Uint8Array,
  modules: readonly string[],
): Promise<InitramfsContent> {
  return {
    init,
    busybox: await mustRead(join(tree, 'usr/bin/busybox')),
    modules: await Promise.all(
      modules.map(async (path) => ({
        name: basename(path),
        content: await mustRead(join(modulesDirectory, path)),
      })),
    ),
  };
}

async function mustRead(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  if (bytes === undefined) throw berthError('image-build-failed', `${path} is missing in the guest's files`);
  return bytes;
}
