import { join } from 'node:path';
import { Command } from 'commander';
import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import { listDirectory } from '../../host/index.ts';
import { isName } from '../../model/index.ts';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import { environmentName } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { runOperation } from '../operation/run.ts';
import { confirm } from '../terminal/confirm.ts';
import { accepts } from '../transport/autostart.ts';
import { homePaths } from '../transport/home.ts';
import { isBerthHome, removeHome } from '../transport/home-mark.ts';
import { stopDaemon } from '../transport/stop-daemon.ts';
import { giveBack } from './give-back.ts';

const STOP_TIMEOUT_MS = 60_000;

interface DownOptions extends OperationOptions {
  readonly all?: boolean;
  readonly purge?: boolean;
  readonly yes?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('down')
    .description('Remove an environment, all of them, or with --purge everything Berth keeps on this host')
    .argument('[environment]', 'default: that of the project in the working directory')
    .option('--all', 'every environment')
    .option('--purge', 'with --all: templates, images, the daemon and its files as well')
    .option('-y, --yes', 'do not ask')
    .action((environment: string | undefined, options: DownOptions) => down(cli, environment, options));
  withOperation(command);
  return withExamples(command, ['berth down shop', 'berth down --all', 'berth down --all --purge --yes']);
}

async function down(cli: Cli, environment: string | undefined, options: DownOptions): Promise<void> {
  refuseContradictions(environment, options);
  if (options.purge === true) return purge(cli, options);
  const client = await cli.connect(options);
  const names = options.all === true ? await allNames(client) : [await environmentName(environment, cli)];
  if (names.length === 0) return cli.err.line('No environments');
  if (options.all === true) await ask(cli, options, `Remove ${names.join(', ')}?`);
  await giveBack(cli, client, names, options, {
    start: (name) => client.environments.remove(name),
    done: 'removed',
    disk: true,
  });
}

function refuseContradictions(environment: string | undefined, options: DownOptions): void {
  if (options.all === true && environment !== undefined) {
    throw berthError('bad-request', `--all removes every environment, and ${environment} is named as well`, {
      remedy: 'Leave out one of the two.',
    });
  }
  if (options.purge === true && options.all !== true) {
    throw berthError('bad-request', '--purge removes everything and needs --all', {
      remedy: './berth down --all --purge',
    });
  }
  if (options.purge === true && !options.wait) {
    throw berthError('bad-request', '--purge waits for the end: the files are removed last', {
      remedy: 'Leave out --no-wait.',
    });
  }
}

async function purge(cli: Cli, options: DownOptions): Promise<void> {
  const paths = homePaths(cli.env);
  if (!(await isBerthHome(paths)) && !(await accepts(paths.socket))) {
    return cli.out.line(`there is nothing of Berth in ${paths.home}`);
  }
  await warnOfPasswords(cli, join(paths.home, 'backups', 'repositories'));
  const question = `Remove every environment, template and image, the daemon, and all data in ${paths.home}?`;
  await ask(cli, options, question);
  // What machines there are only a daemon knows, so one is started for this when none runs.
  const client = await cli.connect(options);
  await runOperation(cli, client, () => client.daemon.purge({ images: true }), options);
  await stopDaemon(client, { timeoutMs: STOP_TIMEOUT_MS });
  await removeHome(paths);
  cli.out.line(`everything in ${paths.home} is removed`);
}

/** What is in a repository stays, and is of no use to anybody who has not kept its password. */
async function warnOfPasswords(cli: Cli, directory: string): Promise<void> {
  const names = (await listDirectory(directory)).filter(isName);
  if (names.length === 0) return;
  const files = names.map((name) => join(directory, name, 'password')).join(', ');
  cli.err.line(`note: backups stay, but their passwords go; without these nothing can be restored: ${files}`);
}

async function ask(cli: Cli, options: DownOptions, question: string): Promise<void> {
  if (options.yes === true) return;
  if (!(await confirm(cli, question))) throw berthError('cancelled', 'Nothing was removed');
}

async function allNames(client: Client): Promise<string[]> {
  const environments = await client.environments.list();
  // Replicas go with their environment.
  return environments.filter(({ replicaOf }) => replicaOf === undefined).map(({ name }) => name);
}
