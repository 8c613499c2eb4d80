import { basename } from 'node:path';
import { type ComposeProblem, type ComposeProject, parseCompose } from '../compose/index.ts';
import type { UpRequest } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import { isName, type Shape } from '../model/index.ts';
import type { RegistryCredential } from '../registries/index.ts';
import type { Context } from './context.ts';
import { checkReferences, sharedFiles } from './files/check-files.ts';
import { mountableOf } from './mountable-directories.ts';
import { resolveShape } from './plan/resolve-shape.ts';
import { registriesOf } from './plan/pulls.ts';
import { readCredentials } from './plan/read-credentials.ts';
import type { SharedFiles, Workload } from './record.ts';

const DEFAULT_IMAGE = 'debian-13';

/** A request that has been found right, with all that follows from it. */
export interface Wish {
  readonly name: string;
  /** Of the first file alone, when others come over it. */
  readonly project: ComposeProject;
  /** What is done otherwise than the file may suggest. */
  readonly warnings: readonly ComposeProblem[];
  readonly workload: Workload;
  /** Texts of further Compose files, in order. */
  readonly overrides: readonly string[];
  /** The caller brings the files that the machine is to have. */
  readonly sendsFiles: boolean;
  /** Build images that are there already, too. */
  readonly build: boolean;
  readonly shape: Shape;
  readonly imageRef: string;
  /** For registries that the files name. Lives no longer than the request's work. */
  readonly credentials: readonly RegistryCredential[];
}

/** Reads a request. @throws `compose-invalid`, `compose-unsupported`, `name-invalid`, `bad-request` */
export async function readWish(context: Context, request: UpRequest): Promise<Wish> {
  const files = await sharedFiles(request, knownFiles(context, request.name));
  const reading = readFiles(request, files);
  const name = request.name ?? reading.project.name ?? toName(basename(request.projectDirectory));
  if (!isName(name)) {
    throw berthError('name-invalid', `"${name}" cannot be the name of an environment`, {
      problems: [{ path: 'name', message: 'lower-case letters, digits and hyphens, at most 40' }],
    });
  }
  const notes = await checkReferences(reading.project.files, mountableOf(request.projectDirectory, files));
  if (notes.problems.length > 0) throw refusal(request, notes.problems);
  const credentials = readCredentials(request.credentials ?? []);
  const texts = [request.compose, ...(request.overrides ?? []).map(({ text }) => text)];
  const registries = await context.registries.plan(registriesOf(texts, request.variables), credentials);
  const { compose, composePath, projectDirectory, variables, publish = [] } = request;
  return {
    name,
    project: reading.project,
    warnings: [...reading.warnings, ...notes.warnings],
    workload: {
      ...{ compose, projectDirectory, variables, publish, project: name, registries },
      ...(composePath === undefined ? {} : { composePath }),
      ...(files === undefined ? {} : { files }),
      ...(reading.project.berth.restart === 'no' ? { restart: 'no' } : {}),
      ...(reading.project.berth.mergeMemory === true ? { mergeMemory: true } : {}),
      ...(reading.project.berth.idle === undefined ? {} : { idle: reading.project.berth.idle }),
      ...(reading.project.berth.replicas === undefined ? {} : { replicas: reading.project.berth.replicas }),
    },
    overrides: (request.overrides ?? []).map(({ text }) => text),
    sendsFiles: request.files !== undefined,
    build: request.build ?? false,
    shape: resolveShape(request.shape, reading.project),
    imageRef: request.image ?? reading.project.berth.image ?? DEFAULT_IMAGE,
    credentials,
  };
}

/** What was allowed once stays allowed. */
function knownFiles(context: Context, name: string | undefined): SharedFiles | undefined {
  return name === undefined ? undefined : context.registry.find(name)?.workload.files;
}

function readFiles(
  request: UpRequest,
  files: SharedFiles | undefined,
): { readonly project: ComposeProject; readonly warnings: readonly ComposeProblem[] } {
  const overrides = request.overrides ?? [];
  const { variables, projectDirectory: directory } = request;
  const options = {
    variables,
    partial: overrides.length > 0,
    ...(files === undefined
      ? {}
      : { files: { directory, mountable: mountableOf(directory, files), ...homeOf(files) } }),
  };
  const main = parseCompose(request.compose, options);
  const others = overrides.map(({ path, text }) => ({ path, ...parseCompose(text, options) }));
  const problems = [
    ...main.problems,
    ...others.flatMap(({ path, problems: found }) => found.map((problem) => ({ ...problem, file: path }))),
  ];
  if (main.project === undefined || problems.length > 0) throw refusal(request, problems);
  const projects = [main.project, ...others.flatMap(({ project }) => project ?? [])];
  const images = [...new Set(projects.flatMap(({ berth }) => berth.images))];
  const berth = projects.reduce((sum, project) => ({ ...sum, ...project.berth }), main.project.berth);
  const needed = projects.flatMap((project) => project.files);
  return {
    project: { ...main.project, files: needed, berth: { ...berth, images } },
    warnings: main.warnings,
  };
}

function homeOf(files: SharedFiles): { home?: string } {
  return files.home === undefined ? {} : { home: files.home };
}

/** The failure that tells every problem of a file. */
function refusal(request: UpRequest, problems: readonly ComposeProblem[]): Error {
  const unsupported = problems.every(({ kind }) => kind === 'unsupported');
  const file = request.composePath ?? 'the Compose file';
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return berthError(unsupported ? 'compose-unsupported' : 'compose-invalid', `${file} has ${count}`, {
    problems: problems.map(({ kind: _kind, ...problem }) => problem),
  });
}

function toName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
}
