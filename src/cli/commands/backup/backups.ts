import { Command } from 'commander';
import { formatBytes } from '../../../base/index.ts';
import type { Client } from '../../../client/index.ts';
import { berthError } from '../../../errors/index.ts';
import { type Backup, formatShape, type Operation } from '../../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  name,
  type OperationOptions,
  type QuietOptions,
  wholeNumber,
  withDaemon,
  withExamples,
  withJson,
  withOperation,
  withQuiet,
} from '../../arguments/options.ts';
import type { Cli } from '../../cli.ts';
import { formatAge } from '../../format/age.ts';
import { formatJson } from '../../format/json.ts';
import type { Column } from '../../format/table.ts';
import { runOperation, runOperations } from '../../operation/run.ts';
import { confirm } from '../../terminal/confirm.ts';
import { printList } from '../print-list.ts';
import { printReady } from '../print-ready.ts';
import { removeEach } from '../remove-each.ts';

interface RepositoryOption {
  readonly repo?: string;
}

interface CreateOptions extends OperationOptions {
  readonly to?: string;
  readonly all?: boolean;
}

interface RestoreOptions extends OperationOptions, RepositoryOption {
  readonly name?: string;
  readonly all?: boolean;
  readonly start: boolean;
}

interface PruneOptions extends OperationOptions, RepositoryOption {
  readonly keepLast?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  readonly yes?: boolean;
}

/** `berth backup create` */
export function create(cli: Cli): Command {
  const command = new Command('create')
    .description('Store environments as they are now; they go on running')
    .argument('[environment...]')
    .option('--to <repository>', 'where to (default: the only repository there is)', name)
    .option('--all', 'every environment but replicas')
    .action(async (given: readonly string[], { to, all, ...options }: CreateOptions) => {
      const client = await cli.connect(options);
      const environments = await chosen(client, given, all === true);
      const repository = to === undefined ? {} : { repository: to };
      const starts = environments.map(
        (environment) => () => client.backups.create({ environment, ...repository }),
      );
      await runOperations(cli, client, starts, options, (ended) => printBackups(cli, client, ended, options));
    });
  withOperation(command);
  return withExamples(command, ['berth backup create shop', 'berth backup create --all --to offsite']);
}

async function chosen(client: Client, given: readonly string[], all: boolean): Promise<readonly string[]> {
  if (all === given.length > 0)
    throw berthError('bad-request', 'Name the environments to back up, or give --all', {
      remedy: 'For example: ./berth backup create shop',
    });
  if (!all) return given;
  const environments = await client.environments.list();
  return environments.filter(({ replicaOf }) => replicaOf === undefined).map((one) => one.name);
}

async function printBackups(
  cli: Cli,
  client: Client,
  ended: readonly Operation[],
  options: OperationOptions,
): Promise<void> {
  const ids = ended.flatMap(({ result }) => result?.names ?? []);
  if (ids.length === 0) return;
  if (options.json === true) {
    const backups = (await client.backups.list({})).filter(({ id }) => ids.includes(id));
    return cli.out.line(formatJson(backups.length === 1 ? backups[0] : backups));
  }
  for (const { targets, result, steps } of ended) {
    const detail = steps.findLast(({ name: step }) => step === 'store')?.detail;
    const what = detail === undefined ? '' : `: ${detail}`;
    cli.out.line(`${targets.join(', ')} stored as ${result?.names.join(', ') ?? ''}${what}`);
  }
}

/** `berth backup ls` */
export function ls(cli: Cli): Command {
  const command = new Command('ls')
    .alias('list')
    .description('List backups, oldest first; the repositories are asked')
    .argument('[environment]', 'only those of the environment of this name, which may be gone')
    .action(
      async (
        environment: string | undefined,
        { repo: repository, ...options }: DaemonOptions & JsonOptions & QuietOptions & RepositoryOption,
      ) => {
        const client = await cli.connect(options);
        const backups = await client.backups.list({
          ...(environment === undefined ? {} : { environment }),
          ...(repository === undefined ? {} : { repository }),
        });
        printList(cli, backups, columns(cli), options, {
          name: (one) => one.id,
          whenEmpty: 'No backups; make one with: berth backup create ENVIRONMENT',
        });
      },
    );
  withDaemon(withQuiet(withJson(withRepository(command))));
  return withExamples(command, ['berth backup ls', 'berth backup ls shop --json']);
}

/** `berth backup verify` */
export function verify(cli: Cli): Command {
  const command = new Command('verify')
    .description('Show that a backup is good: restore it into an environment that is removed again')
    .argument('<backup>', 'id of a backup, or name of an environment for its newest one')
    .option('--quick', 'compare hashes only, and boot nothing')
    .action(
      async (
        ref: string,
        {
          repo: repository,
          quick,
          ...options
        }: OperationOptions & RepositoryOption & { readonly quick?: boolean },
      ) => {
        const client = await cli.connect(options);
        const request = {
          ...(repository === undefined ? {} : { repository }),
          ...(quick === undefined ? {} : { quick }),
        };
        const operation = await runOperation(cli, client, () => client.backups.verify(ref, request), options);
        if (operation === undefined) return;
        if (options.json === true) return cli.out.line(formatJson(operation));
        const [id] = operation.result?.names ?? [];
        const shown =
          quick === true ? 'everything is as it was saved' : 'it boots, and its services become ready';
        cli.out.line(`${id ?? ref} is good: ${shown}`);
      },
    );
  withOperation(withRepository(command));
  return withExamples(command, ['berth backup verify shop', 'berth backup verify 1a2b3c4d --quick']);
}

/** `berth backup restore` */
export function restore(cli: Cli): Command {
  const command = new Command('restore')
    .description('Make environments of backups; each gets an address of this host')
    .argument('[backup]', 'id of a backup, or name of an environment for its newest one')
    .option('--name <name>', 'what the environment is to be called (default: as it was)', name)
    .option('--all', 'the newest backup of every environment that is not here')
    .option('--no-start', 'leave it stopped')
    .action(
      async (
        given: string | undefined,
        { repo: repository, name: called, all, start, ...options }: RestoreOptions,
      ) => {
        if ((given === undefined) === (all !== true) || (all === true && called !== undefined))
          throw berthError('bad-request', 'Name one backup, or give --all without --name', {
            remedy: 'See what there is with ./berth backup ls',
          });
        const client = await cli.connect(options);
        const from = repository === undefined ? {} : { repository };
        const refs = given === undefined ? await newestOfMissing(client, from) : [given];
        if (refs.length === 0)
          return cli.err.line('Nothing to restore: every environment with a backup is here');
        const request = { ...from, ...(called === undefined ? {} : { name: called }), start };
        const starts = refs.map((ref) => () => client.backups.restore(ref, request));
        await runOperations(cli, client, starts, options, async (ended) => {
          const names = ended.flatMap(({ result }) => result?.names ?? []);
          const made = await Promise.all(names.map((one) => client.environments.get(one)));
          if (options.json === true) return cli.out.line(formatJson(all === true ? made : made[0]));
          for (const one of made) {
            const operation = ended.find(({ targets }) => targets.includes(one.name));
            if (start && operation !== undefined) printReady(cli, one, operation);
            else cli.out.line(`${one.name} is restored; start it with: berth start ${one.name}`);
          }
        });
      },
    );
  withOperation(withRepository(command));
  return withExamples(command, [
    'berth backup restore shop',
    'berth backup restore 1a2b3c4d --name shop-before',
    'berth backup restore --all',
  ]);
}

async function newestOfMissing(client: Client, from: { readonly repository?: string }): Promise<string[]> {
  const [backups, environments] = await Promise.all([client.backups.list(from), client.environments.list()]);
  const here = new Set(environments.map((one) => one.name));
  const newest = new Map(backups.map(({ environment, id }) => [environment, id]));
  return [...newest].flatMap(([environment, id]) => (here.has(environment) ? [] : [id]));
}

/** `berth backup rm` */
export function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Take backups out of their repository; their data goes with the next prune')
    .argument('<backup...>', 'ids of backups')
    .action(
      async (refs: readonly string[], { repo: repository, ...options }: DaemonOptions & RepositoryOption) => {
        const client = await cli.connect(options);
        const query = repository === undefined ? {} : { repository };
        await removeEach(cli, refs, (ref) => client.backups.remove(ref, query));
      },
    );
  withDaemon(withRepository(command));
  return withExamples(command, ['berth backup rm 1a2b3c4d']);
}

/** `berth backup prune` */
export function prune(cli: Cli): Command {
  const command = new Command('prune')
    .description('Remove old backups, of each environment by itself, and data that no backup needs')
    .option('--keep-last <n>', 'keep the newest n', wholeNumber)
    .option('--keep-daily <n>', 'keep the newest of each of n days', wholeNumber)
    .option('--keep-weekly <n>', 'keep the newest of each of n weeks', wholeNumber)
    .option('--keep-monthly <n>', 'keep the newest of each of n months', wholeNumber)
    .option('--keep-yearly <n>', 'keep the newest of each of n years', wholeNumber)
    .option('-y, --yes', 'do not ask')
    .action(async ({ repo: repository, yes, ...options }: PruneOptions) => {
      const { keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly } = options;
      const rules = Object.entries({ keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly }).filter(
        ([, count]) => count !== undefined,
      );
      const client = await cli.connect(options);
      if (
        rules.length > 0 &&
        yes !== true &&
        !(await confirm(cli, 'Remove the backups that these rules do not keep?'))
      )
        throw berthError('cancelled', 'Nothing was removed');
      const request = { ...Object.fromEntries(rules), ...(repository === undefined ? {} : { repository }) };
      const operation = await runOperation(cli, client, () => client.backups.prune(request), options);
      if (operation === undefined) return;
      const removed = operation.result?.names ?? [];
      if (options.json === true) return cli.out.line(formatJson({ removed }));
      for (const id of removed) cli.out.line(`${id} removed`);
      cli.out.line(removed.length === 1 ? 'one backup removed' : `${removed.length} backups removed`);
    });
  withOperation(withRepository(command));
  return withExamples(command, [
    'berth backup prune --keep-last 3 --keep-daily 7 --keep-weekly 5 --yes',
    'berth backup prune',
  ]);
}

function withRepository(command: Command): Command {
  return command.option('--repo <repository>', 'only this repository', name);
}

function columns(cli: Cli): Column<Backup>[] {
  const nowMs = Date.now();
  return [
    { title: 'BACKUP', cell: (one) => one.id, paint: cli.out.style.bold },
    { title: 'ENVIRONMENT', cell: (one) => one.environment },
    { title: 'REPOSITORY', cell: (one) => one.repository },
    { title: 'SHAPE', cell: (one) => formatShape(one.shape) },
    { title: 'DISK', cell: (one) => formatBytes(one.diskBytes), align: 'right' },
    { title: 'CONSISTENCY', cell: (one) => one.consistency },
    { title: 'HOST', cell: (one) => one.host },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}
