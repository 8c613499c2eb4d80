import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import type { Client, FileExchange } from '../../client/index.ts';
import { asBerthError, BerthError, berthError } from '../../errors/index.ts';
import type { PublishRequest, ShapeRequest, UpRequest } from '../../contract/index.ts';
import type { Operation } from '../../model/index.ts';
import {
  allowMount,
  composeFile,
  gibibytes,
  mebibytes,
  name,
  type OperationOptions,
  positiveInteger,
  publish,
  withExamples,
  withOperation,
} from '../arguments/options.ts';
import { type Project, requireProject } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { projectCredentials } from '../credentials/project-credentials.ts';
import { formatJson } from '../format/json.ts';
import { printNotes } from '../files/print-notes.ts';
import { type Sent, sendFiles } from '../files/send-files.ts';
import { watchEnvironment } from '../files/watch-loop.ts';
import { runOperation } from '../operation/run.ts';
import { readInput } from '../terminal/read-input.ts';
import { warnOfEmulation } from './emulation-note.ts';
import { printReady } from './print-ready.ts';

/** Options of `berth up`. */
export interface UpOptions extends OperationOptions {
  readonly file?: readonly string[];
  readonly name?: string;
  readonly cpus?: number;
  /** MiB. */
  readonly memory?: number;
  /** GiB. */
  readonly disk?: number;
  readonly publish?: readonly PublishRequest[];
  readonly image?: string;
  readonly build?: boolean;
  readonly watch?: boolean;
  readonly allowMount?: readonly string[];
}

export function define(cli: Cli): Command {
  const command = new Command('up')
    .description('Create the environment of a Compose file, or apply the changed file to it')
    .argument('[environment]', 'its name; the same as --name', name)
    .option(
      '-f, --file <file>',
      'Compose file, - for standard input; may be repeated, each over those before it (default: found as docker compose does)',
      composeFile,
    )
    .option(
      '--name <name>',
      "name of the environment (default: the file's name:, else the directory's)",
      name,
    )
    .option('--cpus <count>', 'virtual CPUs', positiveInteger)
    .option('--memory <size>', 'memory, such as 768MiB or 2GiB', mebibytes)
    .option('--disk <size>', 'virtual size of the disk, such as 20GiB', gibibytes)
    .option('--publish <address:port:service:port>', 'publish one more port; may be repeated', publish)
    .option('--image <image>', 'image of the guest, by name or id')
    .option('--build', 'build images that are there already, too')
    .option('--watch', 'stay, and send files as they change')
    .option('--allow-mount <path>', 'let containers mount this path of the host; may be repeated', allowMount)
    .action((environment: string | undefined, options: UpOptions) => up(cli, environment, options));
  withOperation(command);
  return withExamples(command, [
    'berth up',
    'berth up -f examples/shop/compose.yaml --name shop',
    'berth up --memory 1GiB --cpus 2 --publish 0.0.0.0:8080:web:80',
    'berth up -f compose.yaml -f compose.test.yaml --allow-mount /data/fixtures',
  ]);
}

async function up(cli: Cli, environment: string | undefined, options: UpOptions): Promise<void> {
  const { file } = options;
  const project = await requireProject({
    cwd: cli.cwd,
    env: cli.env,
    readInput,
    ...(file === undefined ? {} : { files: file }),
  });
  const request = upRequest(
    cli,
    project,
    environment === undefined ? options : { ...options, name: environment },
  );
  const client = await cli.connect(options);
  const credentials = await projectCredentials(cli, client, project);
  const complete = credentials.length === 0 ? request : { ...request, credentials };
  const operation = await runWithFiles(cli, client, complete, options);
  if (operation === undefined) return;
  const result = await client.environments.get(operation.result?.names[0] ?? request.name ?? '');
  if (options.json === true) return cli.out.line(formatJson(result));
  printReady(cli, result, operation);
  if (options.quiet !== true) await warnOfEmulation(cli, client);
  if (options.watch === true) await watchEnvironment(cli, client, result.name);
}

/** The operation, with the files that it needs brought to it as it goes on. */
async function runWithFiles(
  cli: Cli,
  client: Client,
  request: UpRequest & { readonly name: string },
  options: UpOptions,
): Promise<Operation | undefined> {
  let sending: Promise<Sent | undefined> | undefined;
  const start = async () => {
    const operation = await upNamingFile(client, request);
    sending = bringFiles(client, request.name, operation.id);
    // Looked at below.
    sending.catch(() => undefined);
    return operation;
  };
  try {
    return await runOperation(cli, client, start, options);
  } catch (error) {
    // What kept the files from being sent is the cause of what the operation says of them.
    await sending;
    throw error;
  } finally {
    const sent = await sending?.catch(() => undefined);
    if (sent !== undefined && options.quiet !== true) printNotes(cli, sent.notes);
  }
}

/** Undefined when the operation ended without them. */
async function bringFiles(client: Client, name: string, operation: string): Promise<Sent | undefined> {
  let exchange: FileExchange;
  try {
    exchange = await client.environments.files(name, { operation });
    await exchange.offer;
  } catch {
    return undefined;
  }
  try {
    return await sendFiles(exchange);
  } catch (error) {
    // The daemon's own failures are told by the operation.
    if (error instanceof BerthError && error.code !== 'bad-request') return undefined;
    throw error;
  } finally {
    exchange.close();
  }
}

// Line numbers mean nothing without their file, which only this side knows by the name that the user gave it.
async function upNamingFile(client: Client, request: UpRequest): Promise<Operation> {
  try {
    return await client.environments.up(request);
  } catch (error) {
    const { code, message, remedy, problems } = asBerthError(error);
    const file = shownPath(request.composePath);
    const placed = problems.map((problem) => (problem.line === undefined ? problem : { ...problem, file }));
    throw berthError(code, message, { remedy, problems: placed, cause: error });
  }
}

function shownPath(path: string | undefined): string {
  if (path === undefined) return '-';
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** The request for a project and the flags. Throws `bad-request` when no name can be made from the project. */
export function upRequest(
  cli: Pick<Cli, 'cwd' | 'env'>,
  project: Project,
  options: Partial<UpOptions>,
): UpRequest & { readonly name: string } {
  const chosen = options.name ?? project.name;
  if (chosen === undefined) {
    throw berthError('name-invalid', `No name can be made from ${project.directory}`, {
      remedy: 'Give the environment a name with --name NAME.',
    });
  }
  const shape = shapeRequest(options);
  return {
    name: chosen,
    compose: project.text,
    projectDirectory: project.directory,
    variables: { ...project.variables },
    ...(project.path === '-' ? {} : { composePath: project.path }),
    ...(shape === undefined ? {} : { shape }),
    ...(options.publish === undefined ? {} : { publish: options.publish }),
    ...(options.image === undefined ? {} : { image: options.image }),
    ...(project.overrides.length === 0 ? {} : { overrides: project.overrides }),
    ...(options.build === true ? { build: true } : {}),
    files: filesRequest(cli, options.allowMount ?? []),
  };
}

function filesRequest(
  cli: Pick<Cli, 'cwd' | 'env'>,
  mounts: readonly string[],
): NonNullable<UpRequest['files']> {
  const home = cli.env['HOME'];
  return {
    ...(home?.startsWith('/') === true ? { home } : {}),
    ...(mounts.length === 0 ? {} : { mounts: mounts.map((path) => resolve(cli.cwd, path)) }),
  };
}

function shapeRequest(options: Partial<UpOptions>): ShapeRequest | undefined {
  const { cpus, memory, disk } = options;
  if (cpus === undefined && memory === undefined && disk === undefined) return undefined;
  return {
    ...(cpus === undefined ? {} : { vcpus: cpus }),
    ...(memory === undefined ? {} : { memoryMib: memory }),
    ...(disk === undefined ? {} : { diskGib: disk }),
  };
}
