/** The registry of names that name none. */
export const DEFAULT_REGISTRY = 'docker.io';

/** Name of a container image, taken apart as Docker does it. */
export interface ImageReference {
  /** Host of the registry, with its port where it has one: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Path within the registry: `library/nginx`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`; it counts where there is a tag as well. */
  readonly digest?: string;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/i;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MAX_LENGTH = 512;

/** Takes a reference apart; undefined when it is none. A name without a registry is Docker Hub's. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [named = '', digest, ...rest] = text.split('@');
  if (rest.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const { name, tag } = splitTag(named);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  const { registry, path } = splitRegistry(name);
  if (!HOST.test(registry) || !path.split('/').every((part) => PATH.test(part))) return undefined;
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function splitTag(named: string): { name: string; tag?: string } {
  const colon = named.lastIndexOf(':');
  if (colon < 0 || named.includes('/', colon)) return { name: named };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = first === 'localhost' || /[.:[]/.test(first) || first !== first.toLowerCase();
  if (!isHost) return { registry: DEFAULT_REGISTRY, path: name };
  const registry = first.toLowerCase();
  return {
    registry: registry === `index.${DEFAULT_REGISTRY}` ? DEFAULT_REGISTRY : registry,
    path: name.slice(slash + 1),
  };
}

/** True for a registry that runs on the same computer as the one who names it: `localhost:5000`, `127.0.0.1:5000`. */
export function isLoopbackRegistry(registry: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(registry);
}
