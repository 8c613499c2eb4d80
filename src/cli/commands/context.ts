import { Command } from 'commander';
import { berthError } from '../../errors/index.ts';
import { type DaemonOptions, withDaemon, withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { callDocker } from '../docker/docker-program.ts';
import { dockerHost } from '../docker/docker-variables.ts';

interface NameOptions {
  readonly name?: string;
}

/** A Docker context as far as it matters here. */
interface Context {
  readonly description: string | undefined;
  readonly host: string | undefined;
}

export function define(cli: Cli): Command {
  return new Command('context')
    .description("Contexts of the docker command line, one for an environment's engine")
    .addCommand(create(cli))
    .addCommand(rm(cli));
}

function create(cli: Cli): Command {
  const command = new Command('create')
    .description('Make a Docker context for an environment; one that Berth made before is brought up to date')
    .argument('<environment>')
    .option('--name <name>', 'name of the context; default: berth-ENVIRONMENT')
    .action(async (environment: string, options: DaemonOptions & NameOptions) => {
      const client = await cli.connect(options);
      const { name, dockerSocket } = await client.environments.get(environment);
      const context = options.name ?? defaultName(name);
      const host = dockerHost(dockerSocket);
      const known = await find(cli, context);
      if (known !== undefined) assertOurs(context, known, name);
      if (known?.host !== host) {
        const verb = known === undefined ? 'create' : 'update';
        const endpoint = ['--docker', csvField(`host=${host}`)];
        await callDocker(cli, ['context', verb, context, '--description', describe(name), ...endpoint]);
      }
      cli.out.line(`docker --context ${context} ps`);
    });
  withDaemon(command);
  return withExamples(command, [
    'berth context create shop',
    'berth context create shop --name staging',
    'docker context use berth-shop',
  ]);
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove the Docker context of an environment, which need not be there any more')
    .argument('<environment>')
    .option('--name <name>', 'name of the context; default: berth-ENVIRONMENT')
    .action(async (environment: string, options: NameOptions) => {
      const context = options.name ?? defaultName(environment);
      const known = await find(cli, context);
      if (known === undefined) {
        throw berthError('not-found', `there is no Docker context "${context}"`, {
          remedy: 'See what there is with `docker context ls`.',
        });
      }
      assertOurs(context, known, environment);
      await callDocker(cli, ['context', 'rm', '--force', context]);
      cli.out.line(context);
    });
  return withExamples(command, ['berth context rm shop', 'berth context rm shop --name staging']);
}

const defaultName = (environment: string) => `berth-${environment}`;
const describe = (environment: string) => `Berth environment ${environment}`;

async function find(cli: Cli, context: string): Promise<Context | undefined> {
  const { exitCode, stdout } = await callDocker(cli, ['context', 'inspect', context], [1]);
  if (exitCode !== 0) return undefined;
  // Docker's own form, of which two texts are read.
  const [found] = JSON.parse(stdout) as readonly {
    readonly Metadata?: { readonly Description?: string };
    readonly Endpoints?: { readonly docker?: { readonly Host?: string } };
  }[];
  return { description: found?.Metadata?.Description, host: found?.Endpoints?.docker?.Host };
}

/** @throws `conflict` for a context that somebody else has made */
function assertOurs(context: string, { description }: Context, environment: string): void {
  if (description === describe(environment)) return;
  throw berthError(
    'conflict',
    `the Docker context "${context}" was not made for environment "${environment}"`,
    {
      remedy: 'Choose another name with `--name`.',
    },
  );
}

/** Docker reads the endpoint as a line of comma-separated fields. */
function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
