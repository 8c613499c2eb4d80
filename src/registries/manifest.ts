import { createHash } from 'node:crypto';
import { PullError } from './pull-failure.ts';
import { parseJsonObject } from './read-body.ts';

/** A manifest is a small document; registries themselves refuse larger ones. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const MEDIA_TYPES = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v1+json',
];

/** What Berth takes for a manifest, for the header `Accept`. */
export const ACCEPT_MANIFESTS = MEDIA_TYPES.join(', ');

/** True for the `Content-Type` of a manifest. */
export function isManifestType(contentType: string): boolean {
  return MEDIA_TYPES.includes(contentType.split(';')[0]?.trim().toLowerCase() ?? '');
}

/** A manifest that is what it claims to be. */
export interface Manifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** `sha256:…` */
  readonly digest: string;
}

/**
 * Checks what a registry gave for a manifest: that it is one, and that it has the digest it was asked for by, or that the
 * registry itself names.
 * @throws {@link PullError} `invalid`
 */
export function checkManifest(
  bytes: Buffer,
  o: {
    readonly registry: string;
    /** Tag or digest. */
    readonly reference: string;
    readonly contentType: string | undefined;
    readonly namedDigest: string | undefined;
  },
): Manifest {
  const { registry, reference } = o;
  const invalid = (what: string) =>
    new PullError({ kind: 'invalid', registry, message: `${registry} ${what}` });
  const document = parseJsonObject(bytes.toString('utf8'));
  const sent = o.contentType?.split(';')[0]?.trim().toLowerCase();
  if (document === undefined || typeof document['schemaVersion'] !== 'number')
    throw invalid(
      `answers something that is no image manifest${sent === undefined ? '' : ` (${sent.slice(0, 80)})`}`,
    );
  const own = document['mediaType'];
  const mediaType = [sent, own].find((one) => typeof one === 'string' && MEDIA_TYPES.includes(one));
  if (typeof mediaType !== 'string') throw invalid('answers a manifest of an unknown kind');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const wanted = reference.startsWith('sha256:') ? reference : o.namedDigest;
  if (wanted !== undefined && wanted.startsWith('sha256:') && wanted !== digest)
    throw invalid(`gives a manifest with the wrong digest: ${digest} instead of ${wanted}`);
  return { bytes, mediaType, digest };
}
