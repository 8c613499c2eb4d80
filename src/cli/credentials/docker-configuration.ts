import { join } from 'node:path';
import { readText } from '../../host/index.ts';

/** What `docker login` has left behind: credentials, and the programs that keep them. */
export interface DockerConfiguration {
  readonly path: string;
  /** Base64 of `user:password`, or an identity token, by server. */
  readonly auths: Readonly<Record<string, DockerAuth>>;
  /** Program that keeps the credentials of one host: `docker-credential-NAME`. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Program that keeps all others. */
  readonly credsStore?: string;
}

export interface DockerAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/**
 * Reads the user's `config.json`: that of `DOCKER_CONFIG`, else `~/.docker/config.json`, under sudo that of whoever called it when
 * root has none. Undefined where there is none, or it holds no credentials.
 * @throws SyntaxError when it is no JSON
 */
export async function readDockerConfiguration(
  env: Readonly<Record<string, string | undefined>>,
): Promise<DockerConfiguration | undefined> {
  for (const path of await candidates(env)) {
    const text = await readText(path).catch(() => undefined);
    const configuration = text === undefined ? undefined : parseDockerConfiguration(text, path);
    if (configuration !== undefined) return configuration;
  }
  return undefined;
}

async function candidates(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const { DOCKER_CONFIG, HOME, SUDO_USER } = env;
  if (DOCKER_CONFIG !== undefined && DOCKER_CONFIG !== '') return [join(DOCKER_CONFIG, 'config.json')];
  const homes = HOME === undefined || HOME === '' ? [] : [HOME];
  if (SUDO_USER !== undefined) {
    const entry = ((await readText('/etc/passwd')) ?? '')
      .split('\n')
      .find((line) => line.startsWith(`${SUDO_USER}:`));
    const home = entry?.split(':')[5];
    if (home !== undefined && home !== '') homes.push(home);
  }
  return homes.map((home) => join(home, '.docker/config.json'));
}

/** Undefined when there are no credentials in it. */
export function parseDockerConfiguration(text: string, path: string): DockerConfiguration | undefined {
  const root: unknown = JSON.parse(text);
  if (!isMap(root)) return undefined;
  const auths = Object.fromEntries(
    Object.entries(mapAt(root, 'auths')).map(([host, value]) => [host, authOf(value)]),
  );
  const credHelpers = Object.fromEntries(
    Object.entries(mapAt(root, 'credHelpers')).flatMap(([host, name]) =>
      typeof name === 'string' ? [[host, name]] : [],
    ),
  );
  const store = root['credsStore'];
  const credsStore = typeof store === 'string' && store !== '' ? store : undefined;
  if (Object.keys(auths).length + Object.keys(credHelpers).length === 0 && credsStore === undefined)
    return undefined;
  return { path, auths, credHelpers, ...(credsStore === undefined ? {} : { credsStore }) };
}

function authOf(value: unknown): DockerAuth {
  if (!isMap(value)) return {};
  const keys = ['auth', 'username', 'password', 'identitytoken'] as const;
  return Object.fromEntries(
    keys.flatMap((key) => {
      const text = value[key];
      return typeof text === 'string' && text !== '' ? [[key, text]] : [];
    }),
  );
}

function mapAt(map: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = map[key];
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
