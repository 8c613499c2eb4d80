import { dirname, join, resolve } from 'node:path';
import { berthError } from '../../errors/index.ts';
import { readText } from '../../host/index.ts';
import { deriveName } from './environment-name.ts';
import { collectVariables } from './variables.ts';

/** Names of Compose files in the order in which `docker compose` looks for them. */
export const COMPOSE_FILES = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
] as const;

const OVERRIDES = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** A Compose file with what belongs to it. */
export interface Project {
  /** The file as the user would name it; `-` for standard input. */
  readonly path: string;
  /** Against which the file's relative paths are resolved. */
  readonly directory: string;
  readonly text: string;
  /** Values of the variables that the file mentions. */
  readonly variables: Readonly<Record<string, string>>;
  /** Name of its environment: the file's `name:`, else the directory's, fitted to the pattern. */
  readonly name?: string;
  /** Override files beside it, which are not read. */
  readonly ignored: readonly string[];
}

/** Where to look for a project. */
export interface ProjectPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--file`; `-` is standard input. */
  readonly file?: string;
  /** Reads standard input to its end. */
  readonly readInput?: () => Promise<string>;
}

/**
 * The project of `--file`, else of the working directory or the nearest directory above it that has a Compose file;
 * `undefined` when there is none. Throws `bad-request` when the file named is not there.
 */
export async function findProject(place: ProjectPlace): Promise<Project | undefined> {
  if (place.file === '-') return projectOf('-', place.cwd, (await place.readInput?.()) ?? '', place.env);
  if (place.file !== undefined) return namedProject(place.file, place);
  for (let directory = resolve(place.cwd); ; directory = dirname(directory)) {
    for (const file of COMPOSE_FILES) {
      const path = join(directory, file);
      const text = await readText(path);
      if (text !== undefined) return projectOf(path, directory, text, place.env);
    }
    if (dirname(directory) === directory) return undefined;
  }
}

/** The project, or `bad-request` that says what was looked for. */
export async function requireProject(place: ProjectPlace): Promise<Project> {
  const project = await findProject(place);
  if (project !== undefined) return project;
  throw berthError('bad-request', `There is no Compose file in ${place.cwd} or above it`, {
    remedy: `Name one with -f FILE, or go to a directory that has ${COMPOSE_FILES[0]}.`,
  });
}

/** The environment named on the command line, else that of the project around. Throws `bad-request` without either. */
export async function environmentName(given: string | undefined, place: ProjectPlace): Promise<string> {
  if (given !== undefined) return given;
  const name = (await findProject(place))?.name;
  if (name !== undefined) return name;
  throw berthError(
    'bad-request',
    `No environment is named, and ${place.cwd} is not in a project with a Compose file`,
    {
      remedy: 'Name the environment; ./berth ls shows what there is.',
    },
  );
}

async function namedProject(file: string, place: ProjectPlace): Promise<Project> {
  const path = resolve(place.cwd, file);
  const text = await readText(path).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw berthError('bad-request', `Cannot read ${file}: ${words}`, {
      remedy: 'Name a readable file with -f FILE.',
      cause: error,
    });
  });
  if (text === undefined) {
    throw berthError('bad-request', `There is no file ${file}`, {
      remedy: 'Name the Compose file with -f FILE.',
    });
  }
  return projectOf(path, dirname(path), text, place.env);
}

async function projectOf(
  path: string,
  directory: string,
  text: string,
  env: ProjectPlace['env'],
): Promise<Project> {
  const variables = collectVariables(
    text,
    await readText(join(directory, '.env')).catch(() => undefined),
    env,
  );
  const name = deriveName({ directory, text, variables });
  const present = await Promise.all(
    OVERRIDES.map(async (file) =>
      (await readText(join(directory, file)).catch(() => undefined)) === undefined ? [] : [file],
    ),
  );
  return {
    path,
    directory,
    text,
    variables,
    ignored: present.flat(),
    ...(name === undefined ? {} : { name }),
  };
}
