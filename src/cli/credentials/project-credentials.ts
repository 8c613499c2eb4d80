import type { Client } from '../../client/index.ts';
import type { RegistryCredentialRequest } from '../../contract/index.ts';
import type { Project } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { readDockerConfiguration } from './docker-configuration.ts';
import { findCredentials } from './registry-credentials.ts';

/** The user's credentials for the registries that a project names, and for no others. What cannot be read is noted and left out. */
export async function projectCredentials(
  cli: Cli,
  client: Client,
  project: Project,
): Promise<readonly RegistryCredentialRequest[]> {
  const configuration = await readDockerConfiguration(cli.env).catch((error: unknown) => {
    cli.err.line(
      `note: the Docker configuration is not read: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  });
  if (configuration === undefined) return [];
  const registries = await client.cache.needed({
    files: [project.text, ...project.overrides.map(({ text }) => text)],
    variables: { ...project.variables },
  });
  const { credentials, notes } = await findCredentials(configuration, registries);
  for (const note of notes) cli.err.line(`note: ${note}`);
  return credentials;
}
