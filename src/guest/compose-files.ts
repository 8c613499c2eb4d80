import { composeEnvironment } from './compose-environment.ts';
import type { GuestShell } from './guest-shell.ts';
import type { WaitOptions } from './wait-options.ts';

/** Where Compose runs in a guest. */
export interface ComposePlace {
  /** Compose project name: `^[a-z0-9][a-z0-9_-]*$`. */
  readonly project: string;
  /** Directory in the guest that holds the files which Berth writes. */
  readonly directory: string;
  /** Where relative paths of the Compose file start. */
  readonly projectDirectory: string;
  /** Files with variables in the guest; what {@link WrittenFiles} brings counts more. */
  readonly envFiles: readonly string[];
  /** What `~` stands for; root's home by default. */
  readonly home?: string;
}

/** Files that were written for Compose, as its first arguments name them. */
export interface WrittenFiles {
  readonly arguments: readonly string[];
  /** Variables that no file can carry. */
  readonly variables: Readonly<Record<string, string>>;
}

const WRITE_TIMEOUT_MS = 30_000;

/** Writes Compose files and the values of their variables into a guest. */
export async function writeComposeFiles(
  shell: GuestShell,
  place: ComposePlace,
  files: readonly string[],
  env: Readonly<Record<string, string>>,
  o: WaitOptions,
): Promise<WrittenFiles> {
  const { directory, projectDirectory, envFiles, home } = place;
  const environment = composeEnvironment(env);
  const write = { ...o, timeoutMs: Math.min(o.timeoutMs, WRITE_TIMEOUT_MS), mode: 0o600 };
  const paths = files.map((_, index) => `${directory}/compose${index === 0 ? '' : `.${index}`}.yaml`);
  const dotEnv = `${directory}/.env`;
  await Promise.all([
    ...files.map((text, index) => shell.putFile(paths[index] ?? '', text, write)),
    shell.putFile(dotEnv, environment.file, write),
  ]);
  return {
    arguments: [
      ...['--project-directory', projectDirectory],
      ...[...envFiles, dotEnv].flatMap((path) => ['--env-file', path]),
      ...paths.flatMap((path) => ['-f', path]),
    ],
    // The engine's credentials stay where they are whatever the home is.
    variables: {
      ...environment.process,
      ...(home === undefined ? {} : { HOME: home, DOCKER_CONFIG: '/root/.docker' }),
    },
  };
}
