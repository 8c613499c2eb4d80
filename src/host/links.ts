import { constants } from 'node:fs';
import { copyFile, link, open, rename } from 'node:fs/promises';

/** Gives the file `existing` a second name; both stand for the same bytes. */
export async function hardLink(existing: string, path: string): Promise<void> {
  await link(existing, path);
}

/** Moves a file or directory within its file system, over what may be there. */
export async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to);
}

/** Copies a file of a few hundred KiB, with no other process in between; fails when `to` is there already. */
export async function copySmallFile(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
}

/** Makes an empty file; fails when it is there already. */
export async function createEmptyFile(path: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  await file.close();
}
