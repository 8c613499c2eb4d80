/** An image in a cache. */
export interface CachedImage {
  /** With its registry: `docker.io/library/nginx:1.27`, or with a digest where it has no tag. */
  readonly name: string;
  readonly lastUsedAt: string;
}

/** What one registry gave to this host's environments: to all of them, or to those with one credential. */
export interface ImageCache {
  /** `docker.io`, or with a mark for what was fetched with a credential: `ghcr.io-3fa2c41b07`. */
  readonly id: string;
  /** Host of the registry. */
  readonly registry: string;
  /** Only environments whose user brought the same credential may read it. */
  readonly private: boolean;
  readonly images: readonly CachedImage[];
  /** Bytes on the host's disk. */
  readonly bytes: number;
  /** Absent when nothing was ever fetched. */
  readonly lastUsedAt?: string;
  /** Process of its registry program; absent while nobody needs it. */
  readonly pid?: number;
  /** Names of environments that may read it. */
  readonly environments: readonly string[];
}
