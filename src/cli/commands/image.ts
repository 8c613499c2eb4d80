import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import type { Image } from '../../model/index.ts';
import {
  type DaemonOptions,
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
import { formatFacts } from '../format/facts.ts';
import { formatJson } from '../format/json.ts';
import type { Column } from '../format/table.ts';
import { runOperation } from '../operation/run.ts';
import { printList } from './print-list.ts';
import { removeEach } from './remove-each.ts';

const DEFAULT_RECIPE = 'debian-13';

export function define(cli: Cli): Command {
  return new Command('image')
    .description('Guest operating systems on disk')
    .addCommand(ls(cli))
    .addCommand(build(cli))
    .addCommand(inspect(cli))
    .addCommand(rm(cli));
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .description('List images')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      printList(cli, await client.images.list(), columns(cli), options, {
        name: (one) => one.id,
        whenEmpty: `No images; build one with: berth image build ${DEFAULT_RECIPE}`,
      });
    });
  withDaemon(withQuiet(withJson(command), 'print ids only'));
  return withExamples(command, ['berth image ls', 'berth image ls --json']);
}

function build(cli: Cli): Command {
  const command = new Command('build')
    .description('Build an image from a recipe; nothing is done when it is there already')
    .argument('[recipe]', 'name of the recipe', DEFAULT_RECIPE)
    .option('--force', 'build it again even if the recipe has not changed')
    .action(async (recipe: string, options: OperationOptions & { readonly force?: boolean }) => {
      const client = await cli.connect(options);
      const request = options.force === true ? { force: true } : {};
      const operation = await runOperation(cli, client, () => client.images.build(recipe, request), options);
      if (operation === undefined) return;
      const image = await client.images.get(operation.result?.names[0] ?? recipe);
      if (options.json === true) return cli.out.line(formatJson(image));
      cli.out.line(
        `${image.name} is ${image.id}, ${formatBytes(image.diskBytes)} on disk, kernel ${image.kernel}`,
      );
    });
  withOperation(command);
  return withExamples(command, ['berth image build debian-13', 'berth image build debian-13 --force']);
}

function inspect(cli: Cli): Command {
  const command = new Command('inspect')
    .description('Show an image with its files and packages')
    .argument('<image>', 'name or id')
    .action(async (ref: string, options: DaemonOptions & JsonOptions) => {
      const client = await cli.connect(options);
      const image = await client.images.get(ref);
      if (options.json === true) return cli.out.line(formatJson(image));
      for (const line of formatFacts(facts(image), cli.out.style.dim)) cli.out.line(line);
    });
  withDaemon(withJson(command));
  return withExamples(command, ['berth image inspect debian-13', 'berth image inspect debian-13 --json']);
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove images that nothing needs')
    .argument('<image...>', 'names or ids')
    .action(async (refs: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      await removeEach(cli, refs, (ref) => client.images.remove(ref));
    });
  withDaemon(command);
  return withExamples(command, ['berth image rm img-0123456789abcdef']);
}

function columns(cli: Cli): Column<Image>[] {
  const nowMs = Date.now();
  return [
    { title: 'NAME', cell: (one) => one.name, paint: cli.out.style.bold },
    { title: 'ID', cell: (one) => one.id },
    { title: 'KERNEL', cell: (one) => one.kernel },
    { title: 'DISK', cell: (one) => formatBytes(one.diskBytes), align: 'right' },
    { title: 'RECIPE', cell: (one) => (one.current ? 'current' : 'changed since') },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}

function facts(image: Image): (readonly [string, string])[] {
  return [
    ['name', image.name],
    ['id', image.id],
    ['created', image.createdAt],
    ['recipe', `${image.recipeHash}${image.current ? '' : ' (changed since)'}`],
    ['kernel', image.kernel],
    ['disk', formatBytes(image.diskBytes)],
    ...Object.entries(image.files).map(([file, hash]) => ['file', `${file} sha256:${hash}`] as const),
    ...Object.entries(image.packages).map(([name, version]) => ['package', `${name} ${version}`] as const),
  ];
}
