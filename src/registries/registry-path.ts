/** What a container engine asks a registry for. */
export interface RegistryPath {
  /** `library/nginx` */
  readonly repository: string;
  readonly kind: 'manifests' | 'blobs' | 'tags';
  /** Tag, digest, or `list` for tags. */
  readonly reference: string;
}

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^/v2/(${PART}(?:/${PART})*)/(manifests|blobs|tags)/([^/]+)$`);
const REFERENCES = {
  manifests: /^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/,
  blobs: /^sha256:[0-9a-f]{64}$/,
  tags: /^list$/,
};
const MAX_LENGTH = 1_024;

/** Reads a path of the registry protocol; undefined for any other, and for pushing. */
export function parseRegistryPath(path: string): RegistryPath | undefined {
  if (path.length > MAX_LENGTH) return undefined;
  const [, repository = '', kind = '', reference = ''] = PATH.exec(path) ?? [];
  if (kind !== 'manifests' && kind !== 'blobs' && kind !== 'tags') return undefined;
  return REFERENCES[kind].test(reference) ? { repository, kind, reference } : undefined;
}
