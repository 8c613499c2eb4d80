import { relative } from 'node:path';
import { Command } from 'commander';
import type { Client } from '../../client/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import type { PublishRequest, ShapeRequest, UpRequest } from '../../contract/index.ts';
import type { Operation } from '../../model/index.ts';
import {
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
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';
import { readInput } from '../terminal/read-input.ts';
import { warnOfEmulation } from './emulation-note.ts';
import { printReady } from './print-ready.ts';

/** Options of `berth up`. */
export interface UpOptions extends OperationOptions {
  readonly file?: string;
  readonly name?: string;
  readonly cpus?: number;
  /** MiB. */
  readonly memory?: number;
  /** GiB. */
  readonly disk?: number;
  readonly publish?: readonly PublishRequest[];
  readonly image?: string;
}

export function define(cli: Cli): Command {
  const command = new Command('up')
    .description('Create the environment of a Compose file, or apply the changed file to it')
    .argument('[environment]', 'its name; the same as --name', name)
    .option(
      '-f, --file <file>',
      'Compose file, - for standard input (default: found as docker compose does)',
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
    .action((environment: string | undefined, options: UpOptions) => up(cli, environment, options));
  withOperation(command);
  return withExamples(command, [
    'berth up',
    'berth up -f examples/shop/compose.yaml --name shop',
    'berth up --memory 1GiB --cpus 2 --publish 0.0.0.0:8080:web:80',
  ]);
}

async function up(cli: Cli, environment: string | undefined, options: UpOptions): Promise<void> {
  const { file } = options;
  const project = await requireProject({
    cwd: cli.cwd,
    env: cli.env,
    readInput,
    ...(file === undefined ? {} : { file }),
  });
  for (const ignored of project.ignored)
    cli.err.line(`note: ${ignored} is not read; only one Compose file is`);
  const request = upRequest(project, environment === undefined ? options : { ...options, name: environment });
  const client = await cli.connect(options);
  const operation = await runOperation(cli, client, () => upNamingFile(client, request), options);
  if (operation === undefined) return;
  const result = await client.environments.get(operation.result?.names[0] ?? request.name ?? '');
  if (options.json === true) return cli.out.line(formatJson(result));
  printReady(cli, result, operation);
  if (options.quiet !== true) await warnOfEmulation(cli, client);
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
