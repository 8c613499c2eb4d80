import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatBytes } from '../../src/base/index.ts';
import { asBerthError } from '../../src/errors/index.ts';
import { allocatedBytes, ensureDirectory, readJson, removeTree, writeJson } from '../../src/host/index.ts';
import { installRoot, ROOT_RECIPE } from './make/root.ts';
import { writeDockerArchive } from './make/docker-archive.ts';
import { readImageFiles } from './make/image-files.ts';

const TAG = 'berth/shop:1';
const here = import.meta.dirname;
const images = join(here, 'images');
const archive = join(images, 'shop.tar');
const record = join(images, 'shop.json');

/** Makes `images/shop.tar` from Debian packages and the files of `image/`, with no registry and no container engine. */
async function makeImages(signal: AbortSignal): Promise<void> {
  const files = await readImageFiles(join(here, 'image'));
  const recipe = createHash('sha256')
    .update(JSON.stringify([TAG, ROOT_RECIPE, files]))
    .digest('hex');
  const made = await readJson<{ recipe: string; bytes: number }>(record);
  if (made?.recipe === recipe && (await allocatedBytes(archive)) > 0) {
    console.log(`${archive} is up to date`);
    return;
  }
  await ensureDirectory(images);
  const work = join(images, '.work');
  await removeTree(work);
  await ensureDirectory(work);
  try {
    const root = await installRoot({ work, files, env: process.env, signal, say: console.log });
    await writeDockerArchive({ root, work, archive, tag: TAG, signal });
    const bytes = await allocatedBytes(archive);
    await writeJson(record, { recipe, bytes });
    console.log(`${archive}: ${TAG}, ${formatBytes(bytes)}`);
  } finally {
    await removeTree(work);
  }
}

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
try {
  await makeImages(interrupted.signal);
} catch (error) {
  const failure = asBerthError(error);
  console.error(`${failure.message}\n${failure.remedy}`);
  process.exitCode = failure.exitCode;
}
