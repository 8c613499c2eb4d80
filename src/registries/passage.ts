import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobFetches } from './blob-fetches.ts';
import { fileSize, openForReading } from '../host/index.ts';
import { explainError } from './explain-failure.ts';
import type { FailureNotes } from './failure-notes.ts';
import {
  ACCEPT_MANIFESTS,
  checkManifest,
  isManifestType,
  type Manifest,
  MAX_MANIFEST_BYTES,
} from './manifest.ts';
import { blobFile } from './kept-images.ts';
import { answerError, answerFailure } from './protocol-answer.ts';
import { PullError } from './pull-failure.ts';
import { readBody } from './read-body.ts';
import type { RegistryPath } from './registry-path.ts';
import type { Upstream, UpstreamRequest } from './upstream.ts';

/** Who asks, and whom: one registry with one credential. */
export interface Source {
  readonly id: string;
  readonly upstream: Upstream;
  /** Where what it has given before is kept. */
  readonly data: string;
}

/** What is asked for. */
export interface PassageRequest extends RegistryPath {
  readonly method: 'GET' | 'HEAD';
}

const MAX_TAGS_BYTES = 4 * 1024 * 1024;

/** Carries requests to registries outside and back; what comes back has been checked. */
export class Passage {
  readonly #fetches: BlobFetches;
  readonly #notes: FailureNotes;

  constructor(o: { readonly fetches: BlobFetches; readonly notes: FailureNotes }) {
    this.#fetches = o.fetches;
    this.#notes = o.notes;
  }

  /** Answers one request; always ends the response. */
  async answer(source: Source, request: PassageRequest, response: ServerResponse): Promise<void> {
    try {
      if (request.kind === 'manifests') await this.#manifest(source, request, response);
      else if (request.kind === 'tags') await this.#tags(source, request, response);
      else if (request.method === 'HEAD') await this.#blobHead(source, request, response);
      else await this.#blob(source, request, response);
    } catch (error) {
      // An engine that has gone away is nobody's failure.
      if (response.destroyed && !(error instanceof PullError)) return;
      const { failure } = explainError(error, source.upstream.registry);
      this.#notes.add(source.id, request.repository, failure);
      answerFailure(response, failure);
    }
  }

  async #manifest(source: Source, request: PassageRequest, response: ServerResponse): Promise<void> {
    if (request.method === 'HEAD' && (await this.#manifestHead(source, request, response))) return;
    const { bytes, mediaType, digest } = await this.#readManifest(source, request);
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': bytes.length,
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  /** Asked like this a registry does not count it as a pull. False when it does not tell enough. */
  async #manifestHead(
    { upstream }: Source,
    { repository, reference }: PassageRequest,
    response: ServerResponse,
  ): Promise<boolean> {
    return upstream.request({ ...manifestRequest(repository, reference), method: 'HEAD' }, async (answer) => {
      const digest = answer.header('docker-content-digest');
      const mediaType = answer.header('content-type');
      const length = answer.header('content-length');
      if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) return false;
      if (mediaType === undefined || !isManifestType(mediaType) || length === undefined) return false;
      response.writeHead(200, {
        ...{ 'content-type': mediaType, 'content-length': length },
        'docker-content-digest': digest,
      });
      response.end();
      return true;
    });
  }

  async #readManifest(source: Source, { repository, reference }: PassageRequest): Promise<Manifest> {
    const { upstream } = source;
    const { registry } = upstream;
    return upstream.request({ ...manifestRequest(repository, reference), method: 'GET' }, async (answer) => {
      const bytes = await readBody(answer.body, MAX_MANIFEST_BYTES);
      if (bytes === undefined) {
        const message = `${registry} answers a manifest of more than ${MAX_MANIFEST_BYTES} bytes`;
        throw new PullError({ kind: 'invalid', registry, message });
      }
      return checkManifest(bytes, {
        registry,
        reference,
        contentType: answer.header('content-type'),
        namedDigest: answer.header('docker-content-digest'),
      });
    });
  }

  async #tags(source: Source, { repository }: PassageRequest, response: ServerResponse): Promise<void> {
    const bytes = await source.upstream.request(
      { method: 'GET', path: `/v2/${repository}/tags/list`, repository },
      (answer) => readBody(answer.body, MAX_TAGS_BYTES),
    );
    if (bytes === undefined) return answerError(response, 502, 'UNAVAILABLE', 'the list of tags is too long');
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  }

  async #blobHead(source: Source, request: PassageRequest, response: ServerResponse): Promise<void> {
    const { repository, reference } = request;
    const kept = await fileSize(blobFile(source.data, reference));
    if (kept !== undefined) {
      writeBlobHead(response, reference, kept);
      response.end();
      return;
    }
    const length = await source.upstream.request(
      { method: 'HEAD', path: `/v2/${repository}/blobs/${reference}`, repository },
      async (answer) => answer.header('content-length'),
    );
    const told = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
    writeBlobHead(response, reference, told ?? (await this.#measure(source, request)));
    response.end();
  }

  /** A registry that does not say how long a blob is has to be asked for all of it; it is wanted next anyway. */
  async #measure({ id, upstream }: Source, { repository, reference }: PassageRequest): Promise<number> {
    const { fetch, done } = this.#fetches.borrow(id, upstream, repository, reference);
    try {
      return await fetch.sizeBytes();
    } finally {
      done();
    }
  }

  async #blob(source: Source, request: PassageRequest, response: ServerResponse): Promise<void> {
    const { repository, reference } = request;
    // It was given under another name: the same registry, the same credential, the same bytes.
    const path = blobFile(source.data, reference);
    const kept = await fileSize(path);
    if (kept !== undefined) {
      writeBlobHead(response, reference, kept);
      await pipeline(openForReading(path), response);
      return;
    }
    const { fetch, done } = this.#fetches.borrow(source.id, source.upstream, repository, reference);
    try {
      writeBlobHead(response, reference, await fetch.totalBytes());
      await pipeline(Readable.from(fetch.read(), { objectMode: false }), response);
    } finally {
      done();
    }
  }
}

function manifestRequest(repository: string, reference: string): Omit<UpstreamRequest, 'method'> {
  const headers = { accept: ACCEPT_MANIFESTS, 'accept-encoding': 'identity' };
  return { path: `/v2/${repository}/manifests/${reference}`, repository, headers: () => headers };
}

function writeBlobHead(response: ServerResponse, digest: string, length: number | undefined): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    ...(length === undefined ? {} : { 'content-length': length }),
  });
}
