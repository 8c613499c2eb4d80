import type { RegistryCredentialRequest } from '../../contract/index.ts';
import { run } from '../../host/index.ts';
import { DEFAULT_REGISTRY } from '../../model/index.ts';
import type { DockerAuth, DockerConfiguration } from './docker-configuration.ts';

const HELPER_TIMEOUT_MS = 30_000;
/** What `docker login` without a server's name writes. */
const HUB_INDEX = `index.${DEFAULT_REGISTRY}`;
/** User name by which a helper says that the secret is a token. */
const TOKEN_USER = '<token>';
const HELPER_NAME = /^[\w.-]+$/;

/** Asks a program that keeps credentials; undefined when it has none for the server. Made replaceable for tests. */
export type AskHelper = (helper: string, server: string) => Promise<string | undefined>;

/** The credentials of registries, with what kept some from being found. */
export interface FoundCredentials {
  readonly credentials: readonly RegistryCredentialRequest[];
  /** For people: why one could not be read. Holds nothing of it. */
  readonly notes: readonly string[];
}

/** Finds the user's credentials for these registries, as the Docker command line would. */
export async function findCredentials(
  configuration: DockerConfiguration,
  registries: readonly string[],
  ask: AskHelper = askHelper,
): Promise<FoundCredentials> {
  const credentials: RegistryCredentialRequest[] = [];
  const notes: string[] = [];
  for (const registry of registries) {
    try {
      const found = await findOne(configuration, registry, ask);
      if (found !== undefined) credentials.push({ registry, ...found });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      notes.push(`the credentials for ${registry} cannot be read (${configuration.path}): ${words}`);
    }
  }
  return { credentials, notes };
}

async function findOne(
  { auths, credHelpers, credsStore }: DockerConfiguration,
  registry: string,
  ask: AskHelper,
): Promise<Omit<RegistryCredentialRequest, 'registry'> | undefined> {
  const servers = serversOf(registry);
  const helper =
    servers.map((server) => credHelpers[server]).find((name) => name !== undefined) ?? credsStore;
  if (helper !== undefined) {
    for (const server of servers) {
      const answer = await ask(helper, server);
      if (answer !== undefined) return fromHelper(answer);
    }
  }
  const auth = servers.map((server) => auths[server]).find((one) => one !== undefined);
  return auth === undefined ? undefined : fromAuth(auth);
}

/** The names under which the credentials of a registry may be kept. */
function serversOf(registry: string): string[] {
  if (registry === DEFAULT_REGISTRY)
    return [`https://${HUB_INDEX}/v1/`, HUB_INDEX, DEFAULT_REGISTRY, `registry-1.${DEFAULT_REGISTRY}`];
  return [
    registry,
    `https://${registry}`,
    `http://${registry}`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
  ];
}

function fromAuth(auth: DockerAuth): Omit<RegistryCredentialRequest, 'registry'> | undefined {
  if (auth.identitytoken !== undefined) return { identityToken: auth.identitytoken };
  const decoded =
    auth.auth === undefined ? '' : Buffer.from(auth.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = auth.username ?? decoded.slice(0, Math.max(colon, 0));
  const password = auth.password ?? decoded.slice(colon + 1);
  if (username === '') return undefined;
  return { username, password };
}

function fromHelper(answer: string): Omit<RegistryCredentialRequest, 'registry'> | undefined {
  const found: unknown = JSON.parse(answer);
  if (typeof found !== 'object' || found === null) throw new SyntaxError('its helper answers no object');
  const { Username, Secret } = found as { readonly Username?: unknown; readonly Secret?: unknown };
  if (typeof Secret !== 'string' || typeof Username !== 'string' || Username === '') return undefined;
  return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
}

async function askHelper(helper: string, server: string): Promise<string | undefined> {
  if (!HELPER_NAME.test(helper)) throw new Error(`"${helper}" is no name of a credential helper`);
  const { stdout, exitCode } = await run([`docker-credential-${helper}`, 'get'], {
    input: server,
    timeoutMs: HELPER_TIMEOUT_MS,
    // What it says when it has none: there is no exit code for that alone.
    okExitCodes: [1],
  });
  if (exitCode === 0) return stdout;
  if (/not found|no credentials/i.test(stdout)) return undefined;
  throw new Error(`docker-credential-${helper} failed: ${stdout.trim().slice(0, 200)}`);
}
