import { parseDocument } from 'yaml';
import { berthError } from '../errors/index.ts';
import { type Problem, parseImageReference } from '../model/index.ts';

/** What the administrator says of one registry in `registries.yaml`. */
export interface RegistrySettings {
  /** Addresses that are asked first, in this order: `https://mirror.example.com`. */
  readonly mirrors: readonly string[];
  /** Path of a file with the certificates (PEM) that its own certificate is checked with, beside those of the system. */
  readonly ca?: string;
  /** Certificates are not checked, and plain HTTP will do. */
  readonly insecure: boolean;
  /** False: what it gives is passed on and not kept. */
  readonly cache: boolean;
}

/** Settings by host of the registry. */
export type AllRegistrySettings = ReadonlyMap<string, RegistrySettings>;

const KEYS = ['mirrors', 'ca', 'insecure', 'cache'];
const DEFAULTS: RegistrySettings = { mirrors: [], insecure: false, cache: true };

/** What holds for a registry. */
export function settingsOf(all: AllRegistrySettings, registry: string): RegistrySettings {
  return all.get(registry) ?? DEFAULTS;
}

/**
 * Reads `registries.yaml`; no text at all means no settings.
 * @throws `registries-invalid` with every problem, its line and column
 */
export function parseRegistrySettings(text: string | undefined, path: string): AllRegistrySettings {
  if (text === undefined || text.trim() === '') return new Map();
  const document = parseDocument(text, { prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw invalid(path, [{ path: 'file', message: broken.message.split('\n')[0] ?? '' }]);
  const problems: Problem[] = [];
  const settings = readAll(document.toJS({ maxAliasCount: 10 }), problems);
  if (problems.length > 0) throw invalid(path, problems);
  return settings;
}

function invalid(path: string, problems: readonly Problem[]): Error {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return berthError('registries-invalid', `${path} has ${count}`, { problems });
}

function readAll(root: unknown, problems: Problem[]): Map<string, RegistrySettings> {
  const settings = new Map<string, RegistrySettings>();
  if (!isMap(root) || !isMap(root['registries'])) {
    problems.push({ path: 'registries', message: 'must be a map of registries, such as `docker.io: {}`' });
    return settings;
  }
  for (const key of Object.keys(root)) {
    if (key !== 'registries')
      problems.push({ path: key, message: 'is not a known key; there is `registries`' });
  }
  for (const [host, value] of Object.entries(root['registries'])) {
    const path = `registries.${host}`;
    if (parseImageReference(`${host}/image`)?.registry !== host)
      problems.push({
        path,
        message: 'must be the host of a registry, such as `ghcr.io` or `localhost:5000`',
      });
    else if (!isMap(value)) problems.push({ path, message: `must be a map with some of ${KEYS.join(', ')}` });
    else settings.set(host, readOne(value, path, problems));
  }
  return settings;
}

function readOne(
  map: Readonly<Record<string, unknown>>,
  path: string,
  problems: Problem[],
): RegistrySettings {
  for (const key of Object.keys(map)) {
    if (!KEYS.includes(key))
      problems.push({ path: `${path}.${key}`, message: `is not a known key; there are ${KEYS.join(', ')}` });
  }
  const truth = (key: 'insecure' | 'cache'): boolean => {
    const value = map[key] ?? DEFAULTS[key];
    if (typeof value === 'boolean') return value;
    problems.push({ path: `${path}.${key}`, message: 'must be true or false' });
    return DEFAULTS[key];
  };
  const ca = readCa(map['ca'], `${path}.ca`, problems);
  return {
    mirrors: readMirrors(map['mirrors'], `${path}.mirrors`, problems),
    insecure: truth('insecure'),
    cache: truth('cache'),
    ...(ca === undefined ? {} : { ca }),
  };
}

function readCa(value: unknown, path: string, problems: Problem[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.startsWith('/')) return value;
  problems.push({ path, message: 'must be the absolute path of a file with certificates (PEM)' });
  return undefined;
}

function readMirrors(value: unknown, path: string, problems: Problem[]): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    problems.push({ path, message: 'must be a list of addresses, such as `- https://mirror.example.com`' });
    return [];
  }
  return value.flatMap((entry: unknown, index) => {
    const url = typeof entry === 'string' ? URL.parse(entry) : null;
    const right = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.username === '';
    if (right) return [`${url.origin}${url.pathname.replace(/\/+$/, '')}`];
    problems.push({
      path: `${path}[${index}]`,
      message: 'must be an address such as https://mirror.example.com, without user, password and query',
    });
    return [];
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
