import { join } from 'node:path';
import { changedAt, exists, listDirectory, readText, removeTree } from '../host/index.ts';
import { parseJsonObject } from './read-body.ts';

// How the registry program lays out its data: distribution `registry/storage/paths.go`.
const ROOT = 'docker/registry/v2';
const MAX_DEPTH = 12;

/** Where a cache's data hold a blob, if they do; `digest` is `sha256:` and 64 hex digits. */
export function blobFile(data: string, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return join(data, ROOT, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
}

/** An image that a cache has kept. */
export interface KeptImage {
  readonly repository: string;
  /** Tag, or digest where the repository has no tags. */
  readonly reference: string;
  /** When its tag was written last. */
  readonly changedAt: Date;
}

/** Every image in the data of a cache. */
export async function keptImages(data: string): Promise<KeptImage[]> {
  const images: KeptImage[] = [];
  for (const repository of await repositories(data)) {
    const manifests = manifestsOf(data, repository);
    const tags = await listDirectory(join(manifests, 'tags'));
    const entries =
      tags.length > 0
        ? tags.map((tag) => ({ reference: tag, path: join(manifests, 'tags', tag, 'current/link') }))
        : (await revisions(data, repository)).map((digest) => ({
            reference: digest,
            path: revisionOf(data, repository, digest),
          }));
    for (const { reference, path } of entries) {
      const at = await changedAt(path);
      if (at !== undefined) images.push({ repository, reference, changedAt: at });
    }
  }
  return images;
}

/**
 * Takes images out of a cache's data; their blobs are freed by the registry program's own garbage collection afterwards. A manifest
 * goes when no tag leads to it any more and it is among `images`, or older than `before`.
 */
export async function dropImages(data: string, images: readonly KeptImage[], before: Date): Promise<void> {
  for (const [repository, own] of Map.groupBy(images, (image) => image.repository)) {
    for (const { reference } of own) {
      const path = reference.startsWith('sha256:')
        ? revisionOf(data, repository, reference)
        : join(manifestsOf(data, repository), 'tags', reference);
      await removeTree(path);
    }
    await dropRevisions(data, repository, before);
    if ((await revisions(data, repository)).length === 0) await dropRepository(data, repository);
  }
}

async function dropRevisions(data: string, repository: string, before: Date): Promise<void> {
  const tags = join(manifestsOf(data, repository), 'tags');
  const needed = new Set<string>();
  for (const tag of await listDirectory(tags)) {
    const digest = (await readText(join(tags, tag, 'current/link')))?.trim();
    if (digest !== undefined) await collect(data, digest, needed);
  }
  for (const digest of await revisions(data, repository)) {
    if (needed.has(digest)) continue;
    const at = await changedAt(join(revisionOf(data, repository, digest), 'link'));
    if (at === undefined || at < before) await removeTree(revisionOf(data, repository, digest));
  }
}

/** A manifest, and for one of several platforms those that it lists. */
async function collect(data: string, digest: string, found: Set<string>): Promise<void> {
  if (found.has(digest) || !/^sha256:[0-9a-f]{64}$/.test(digest)) return;
  found.add(digest);
  const text = await readText(blobFile(data, digest));
  const listed = text === undefined ? undefined : parseJsonObject(text)?.['manifests'];
  if (!Array.isArray(listed)) return;
  for (const one of listed as readonly { readonly digest?: unknown }[])
    if (typeof one.digest === 'string') await collect(data, one.digest, found);
}

/** Leaves repositories whose names begin with this one's. */
async function dropRepository(data: string, repository: string): Promise<void> {
  const directory = join(data, ROOT, 'repositories', repository);
  for (const name of await listDirectory(directory))
    if (name.startsWith('_')) await removeTree(join(directory, name));
}

async function repositories(data: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (name: string, depth: number): Promise<void> => {
    const directory = join(data, ROOT, 'repositories', name);
    if (name !== '' && (await exists(join(directory, '_manifests')))) found.push(name);
    if (depth === MAX_DEPTH) return;
    for (const part of await listDirectory(directory))
      if (!part.startsWith('_')) await visit(name === '' ? part : `${name}/${part}`, depth + 1);
  };
  await visit('', 0);
  return found;
}

async function revisions(data: string, repository: string): Promise<string[]> {
  const names = await listDirectory(join(manifestsOf(data, repository), 'revisions/sha256'));
  return names.map((name) => `sha256:${name}`);
}

function manifestsOf(data: string, repository: string): string {
  return join(data, ROOT, 'repositories', repository, '_manifests');
}

function revisionOf(data: string, repository: string, digest: string): string {
  return join(manifestsOf(data, repository), 'revisions/sha256', digest.slice('sha256:'.length));
}
