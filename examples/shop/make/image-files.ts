import { join } from 'node:path';
import { listDirectory, readText } from '../../../src/host/index.ts';

/** Programs among the files of `image/`; the others are settings. */
const PROGRAMS = ['healthy', 'store', 'web'];

/** A file that goes to `/shop` in the image. */
export interface ImageFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

/** The files of `directory`, sorted by name. */
export async function readImageFiles(directory: string): Promise<ImageFile[]> {
  const names = await listDirectory(directory);
  return Promise.all(
    names.map(async (name) => ({
      name,
      text: (await readText(join(directory, name))) ?? '',
      mode: PROGRAMS.includes(name) ? 0o755 : 0o644,
    })),
  );
}
