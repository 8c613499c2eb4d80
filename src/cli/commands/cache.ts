import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { ImageCache } from '../../model/index.ts';
import {
  type DaemonOptions,
  duration,
  type JsonOptions,
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
import { formatJson } from '../format/json.ts';
import type { Column } from '../format/table.ts';
import { runOperations } from '../operation/run.ts';
import { confirm } from '../terminal/confirm.ts';
import { printList } from './print-list.ts';

interface PruneOptions extends OperationOptions {
  /** ms */
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly yes?: boolean;
}

export function define(cli: Cli): Command {
  return new Command('cache')
    .description('Container images that are kept on this host for all environments')
    .addCommand(ls(cli))
    .addCommand(prune(cli));
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .description('List the caches, one for each registry and credential')
    .option('--images', 'list the images in them')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions & { readonly images?: boolean }) => {
      const client = await cli.connect(options);
      const caches = await client.cache.list();
      if (options.images === true && options.json !== true) return printImages(cli, caches, options);
      printList(cli, caches, columns(cli), options, {
        name: (one) => one.id,
        whenEmpty: 'No images are kept yet; what `berth up` pulls will be',
      });
    });
  withDaemon(withQuiet(withJson(command), 'print ids only'));
  return withExamples(command, ['berth cache ls', 'berth cache ls --images', 'berth cache ls --json']);
}

function prune(cli: Cli): Command {
  const command = new Command('prune')
    .description('Take images out of the caches and give their disk space back')
    .option(
      '--older-than <duration>',
      'those not pulled for so long, such as 12h or 7d (default: 30d)',
      duration,
    )
    .option('--all', 'all of them')
    .option('-y, --yes', 'do not ask')
    .action((options: PruneOptions) => pruneCaches(cli, options));
  withOperation(command);
  return withExamples(command, [
    'berth cache prune',
    'berth cache prune --older-than 7d --yes',
    'berth cache prune --all',
  ]);
}

async function pruneCaches(cli: Cli, options: PruneOptions): Promise<void> {
  if (options.all === true && options.olderThan !== undefined) {
    throw berthError('bad-request', '--all takes everything, and --older-than a part of it', {
      remedy: 'Leave out one of the two.',
    });
  }
  const client = await cli.connect(options);
  const what = options.all === true ? 'every image' : 'images that were not used lately';
  if (options.yes !== true && !(await confirm(cli, `Remove ${what} from the caches?`)))
    throw berthError('cancelled', 'Nothing was removed');
  const before = sizeOf(await client.cache.list());
  const request = {
    ...(options.all === true ? { all: true } : {}),
    ...(options.olderThan === undefined ? {} : { olderThanMs: options.olderThan }),
  };
  await runOperations(cli, client, [() => client.cache.prune(request)], options, async ([operation]) => {
    if (operation === undefined) return;
    const images = operation.result?.names ?? [];
    const freedBytes = Math.max(0, before - sizeOf(await client.cache.list()));
    if (options.json === true) return cli.out.line(formatJson({ images, freedBytes }));
    for (const image of images) cli.out.line(`${image} removed`);
    const count = images.length === 1 ? 'one image' : `${images.length} images`;
    cli.out.line(`${count} removed; back: ${formatBytes(freedBytes)} of disk`);
  });
}

function sizeOf(caches: readonly ImageCache[]): number {
  return caches.reduce((sum, { bytes }) => sum + bytes, 0);
}

function printImages(cli: Cli, caches: readonly ImageCache[], options: QuietOptions): void {
  const rows = caches.flatMap(({ id, images }) => images.map((image) => ({ ...image, cache: id })));
  const nowMs = Date.now();
  const table: Column<(typeof rows)[number]>[] = [
    { title: 'IMAGE', cell: (one) => one.name, paint: cli.out.style.bold },
    { title: 'CACHE', cell: (one) => one.cache },
    { title: 'LAST USED', cell: (one) => formatAge(one.lastUsedAt, nowMs), align: 'right' },
  ];
  printList(cli, rows, table, options, { name: (one) => one.name, whenEmpty: 'No images are kept yet' });
}

function columns(cli: Cli): Column<ImageCache>[] {
  const nowMs = Date.now();
  return [
    { title: 'CACHE', cell: (one) => one.id, paint: cli.out.style.bold },
    { title: 'REGISTRY', cell: (one) => one.registry },
    { title: 'IMAGES', cell: (one) => String(one.images.length), align: 'right' },
    { title: 'DISK', cell: (one) => formatBytes(one.bytes), align: 'right' },
    {
      title: 'LAST USED',
      cell: (one) => (one.lastUsedAt === undefined ? 'never' : formatAge(one.lastUsedAt, nowMs)),
      align: 'right',
    },
    { title: 'PROCESS', cell: (one) => (one.pid === undefined ? 'asleep' : String(one.pid)) },
    { title: 'FOR', cell: (one) => (one.private ? `${one.environments.length} with its credential` : 'all') },
  ];
}
