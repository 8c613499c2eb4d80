import { Command, InvalidArgumentError } from 'commander';
import { formatBytes } from '../../base/index.ts';
import type { Snapshot } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  name,
  type OperationOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withOperation,
  withQuiet,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../format/age.ts';
import { diffLines } from '../format/diff-lines.ts';
import { formatJson } from '../format/json.ts';
import { snapshotTree, type TreeRow } from '../format/snapshot-tree.ts';
import type { Column } from '../format/table.ts';
import { formatTable } from '../format/table.ts';
import { runOperation } from '../operation/run.ts';
import { removeEach } from './remove-each.ts';

const MAX_DESCRIPTION = 200;

interface CreateOptions extends OperationOptions {
  readonly memory?: boolean;
  readonly description?: string;
}

interface RestoreOptions extends OperationOptions {
  /** True when nothing was said: as the snapshot was taken. */
  readonly memory: boolean;
  readonly discard?: boolean;
}

export function define(cli: Cli): Command {
  return new Command('snapshot')
    .description('Moments of an environment to which it can be brought back')
    .addCommand(create(cli))
    .addCommand(ls(cli))
    .addCommand(restore(cli))
    .addCommand(diff(cli))
    .addCommand(rm(cli));
}

function create(cli: Cli): Command {
  const command = new Command('create')
    .description('Take a snapshot of an environment, running or not; it goes on as it is')
    .argument('<environment>')
    .argument('[name]', 'name of the snapshot (default: made of the time)', name)
    .option('--memory', 'also keep what runs, so that it goes on from there after a restore')
    .option('--description <text>', 'what to note', description)
    .action(async (environment: string, given: string | undefined, options: CreateOptions) => {
      const client = await cli.connect(options);
      const request = {
        ...(given === undefined ? {} : { name: given }),
        ...(options.memory === undefined ? {} : { memory: options.memory }),
        ...(options.description === undefined ? {} : { description: options.description }),
      };
      const start = () => client.snapshots.create(environment, request);
      const operation = await runOperation(cli, client, start, options);
      if (operation === undefined) return;
      const [taken] = operation.result?.names ?? [];
      const made = (await client.snapshots.list({ environment })).find((one) => one.name === taken);
      if (options.json === true) return cli.out.line(formatJson(made));
      const facts =
        made === undefined ? '' : `: ${consistencyOf(made)}, ${formatBytes(made.diskBytes)} on disk`;
      cli.out.line(`${taken ?? ''} of ${environment} taken${facts}`);
    });
  withOperation(command);
  return withExamples(command, [
    'berth snapshot create shop',
    'berth snapshot create shop before-migration --memory --description "orders until 14:00"',
  ]);
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .description('List snapshots as the trees that they are')
    .argument('[environment]', 'only those of this environment')
    .action(async (environment: string | undefined, options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      const all = await client.snapshots.list(environment === undefined ? {} : { environment });
      if (options.json === true) return cli.out.line(formatJson(all));
      const trees = [...Map.groupBy(all, (one) => one.environment).values()].flatMap(snapshotTree);
      if (options.quiet === true) return trees.forEach(({ snapshot }) => cli.out.line(snapshot.name));
      if (trees.length === 0) return cli.err.line('No snapshots; `berth snapshot create ENV` takes one');
      for (const line of formatTable(columns(cli), trees, { head: cli.out.style.dim })) cli.out.line(line);
    });
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth snapshot ls', 'berth snapshot ls shop --json']);
}

function restore(cli: Cli): Command {
  const command = new Command('restore')
    .description('Bring an environment back to a snapshot; what it was before is kept as another')
    .argument('<environment>')
    .argument('<snapshot>')
    .option('--no-memory', 'boot from its disk, also where its memory was kept')
    .option('--discard', 'keep nothing of what the environment was before')
    .action(async (environment: string, snapshot: string, options: RestoreOptions) => {
      const client = await cli.connect(options);
      const request = {
        ...(options.memory ? {} : { memory: false }),
        ...(options.discard === undefined ? {} : { discard: options.discard }),
      };
      const start = () => client.snapshots.restore(environment, snapshot, request);
      const operation = await runOperation(cli, client, start, options);
      if (operation === undefined) return;
      const now = await client.environments.get(environment);
      if (options.json === true) return cli.out.line(formatJson(now));
      const kept = options.discard === true ? undefined : await beforeOf(cli, environment, options);
      const words = kept === undefined ? '' : `; what it was before is snapshot ${kept}`;
      cli.out.line(`${environment} is as in ${snapshot} and ${now.state}${words}`);
    });
  withOperation(command);
  return withExamples(command, [
    'berth snapshot restore shop before-migration',
    'berth snapshot restore shop before-migration --no-memory --discard',
  ]);
}

/** The newest that Berth made by itself. */
async function beforeOf(cli: Cli, environment: string, options: DaemonOptions): Promise<string | undefined> {
  const client = await cli.connect(options);
  const all = await client.snapshots.list({ environment });
  return all.findLast(({ automatic }) => automatic)?.name;
}

function diff(cli: Cli): Command {
  const command = new Command('diff')
    .description('Tell what differs between a snapshot and another, or now')
    .argument('<environment>')
    .argument('<snapshot>')
    .argument('[other]', 'another snapshot (default: the environment as it is now)')
    .action(
      async (
        environment: string,
        snapshot: string,
        to: string | undefined,
        options: DaemonOptions & JsonOptions,
      ) => {
        const client = await cli.connect(options);
        const found = await client.snapshots.diff(environment, snapshot, to === undefined ? {} : { to });
        if (options.json === true) return cli.out.line(formatJson(found));
        for (const line of diffLines(found)) cli.out.line(line);
      },
    );
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth snapshot diff shop before-migration',
    'berth snapshot diff shop monday tuesday',
  ]);
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove snapshots; those that grew from them stay')
    .argument('<environment>')
    .argument('<snapshot...>')
    .action(async (environment: string, refs: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      await removeEach(cli, refs, (ref) => client.snapshots.remove(environment, ref));
    });
  withDaemon(command);
  return withExamples(command, ['berth snapshot rm shop monday tuesday']);
}

function description(text: string): string {
  if (text.length <= MAX_DESCRIPTION) return text;
  throw new InvalidArgumentError(`It has at most ${MAX_DESCRIPTION} characters.`);
}

function consistencyOf({ consistency }: Snapshot): string {
  const words = { memory: 'with memory', 'file-system': 'file-system-consistent', crash: 'crash-consistent' };
  return words[consistency];
}

function columns(cli: Cli): Column<TreeRow>[] {
  const nowMs = Date.now();
  const { style } = cli.out;
  return [
    { title: 'ENVIRONMENT', cell: ({ snapshot }) => snapshot.environment },
    {
      title: 'SNAPSHOT',
      cell: ({ snapshot, lead }) => `${lead}${snapshot.name}${snapshot.current ? ' *' : ''}`,
      paint: (text, { snapshot }) => (snapshot.current ? style.bold(text) : text),
    },
    { title: 'HOLDS', cell: ({ snapshot }) => consistencyOf(snapshot) },
    { title: 'DISK', cell: ({ snapshot }) => formatBytes(snapshot.diskBytes), align: 'right' },
    { title: 'LAYERS', cell: ({ snapshot }) => String(snapshot.layers), align: 'right' },
    { title: 'AGE', cell: ({ snapshot }) => formatAge(snapshot.createdAt, nowMs), align: 'right' },
    { title: 'NOTE', cell: ({ snapshot }) => snapshot.description },
  ];
}
