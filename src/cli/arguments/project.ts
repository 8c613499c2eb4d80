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

/** Files over the one that was found, in the order in which `docker compose` looks for them; the first that is there counts. */
const OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** A Compose file that was read. */
export interface ComposeText {
  readonly path: string;
  readonly text: string;
}

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
  /** Further Compose files, each over those before it. */
  readonly overrides: readonly ComposeText[];
}

/** Where to look for a project. */
export interface ProjectPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--file`, each over those before it; `-` is standard input. */
  readonly files?: readonly string[];
  /** Reads standard input to its end. */
  readonly readInput?: () => Promise<string>;
}

/**
 * The project of `--file`, else of the working directory or the nearest directory above it that has a Compose file;
 * `undefined` when there is none. Throws `bad-request` when the file named is not there.
 */
export async function findProject(place: ProjectPlace): Promise<Project | undefined> {
  const named = place.files ?? namedByEnvironment(place);
  if (named.length > 0) return namedProject(named, place);
  for (let directory = resolve(place.cwd); ; directory = dirname(directory)) {
    for (const file of COMPOSE_FILES) {
      const path = join(directory, file);
      const text = await readText(path);
      if (text !== undefined)
        return projectOf(directory, [{ path, text }, ...(await overridesIn(directory))], place.env);
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

/** `COMPOSE_FILE`, as `docker compose` heeds it. */
function namedByEnvironment({ env }: ProjectPlace): readonly string[] {
  const separator = env['COMPOSE_PATH_SEPARATOR'] ?? ':';
  return (env['COMPOSE_FILE'] ?? '').split(separator).filter((file) => file !== '');
}

async function overridesIn(directory: string): Promise<readonly ComposeText[]> {
  for (const file of OVERRIDES) {
    const path = join(directory, file);
    const text = await readText(path).catch(() => undefined);
    if (text !== undefined) return [{ path, text }];
  }
  return [];
}

async function namedProject(files: readonly string[], place: ProjectPlace): Promise<Project> {
  const texts: ComposeText[] = [];
  for (const file of files) texts.push(await readNamed(file, place));
  const [first] = texts;
  const directory = first === undefined || first.path === '-' ? resolve(place.cwd) : dirname(first.path);
  return projectOf(directory, texts, place.env);
}

async function readNamed(file: string, place: ProjectPlace): Promise<ComposeText> {
  if (file === '-') return { path: '-', text: (await place.readInput?.()) ?? '' };
  const path = resolve(place.cwd, file);
  const text = await readText(path).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw berthError('bad-request', `Cannot read ${file}: ${words}`, {
      remedy: 'Name a readable file with -f FILE.',
      cause: error,
    });
  });
  if (text !== undefined) return { path, text };
  throw berthError('bad-request', `There is no file ${file}`, {
    remedy: 'Name the Compose file with -f FILE.',
  });
}

async function projectOf(
  directory: string,
  texts: readonly ComposeText[],
  env: ProjectPlace['env'],
): Promise<Project> {
  const [main, ...overrides] = texts;
  if (main === undefined) throw berthError('bad-request', 'No Compose file is named');
  const dotEnv = await readText(join(directory, '.env')).catch(() => undefined);
  const variables = collectVariables(texts.map(({ text }) => text).join('\n'), dotEnv, env);
  const name = deriveName({ directory, text: main.text, variables });
  return {
    path: main.path,
    directory,
    text: main.text,
    variables,
    overrides,
    ...(name === undefined ? {} : { name }),
  };
}
