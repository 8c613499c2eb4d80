import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import type { Volume, VolumeUser } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import { type VolumeName, volumeName, volumeNames } from '../arguments/volume-name.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../format/age.ts';
import { formatFacts } from '../format/facts.ts';
import { formatJson } from '../format/json.ts';
import type { Column } from '../format/table.ts';
import { assertNoTerminal, saveOutput, sendInput } from '../terminal/archive-streams.ts';
import { printList } from './print-list.ts';
import { removeEach } from './remove-each.ts';

/** Of commands that also reach what a removed environment left behind. */
interface KeptOptions extends DaemonOptions {
  readonly kept?: boolean;
}

interface ExportOptions extends KeptOptions {
  readonly output: string;
}

interface ImportOptions extends DaemonOptions {
  readonly input: string;
  readonly force?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('volume').description('List, show, remove, export and import volumes');
  for (const make of [ls, inspect, rm, exportVolume, importVolume]) command.addCommand(make(cli));
  return command;
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .alias('list')
    .description('List the volumes of an environment, or of all; a machine that runs is asked')
    .argument('[environment]')
    .action(async (environment: string | undefined, options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      const volumes = await client.volumes.list(environment === undefined ? {} : { environment });
      printList(cli, volumes, columns(cli), options, {
        name: nameOf,
        whenEmpty: 'No volumes; a Compose file names them under volumes:',
      });
    });
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth volume ls', 'berth volume ls shop --json']);
}

function inspect(cli: Cli): Command {
  const command = new Command('inspect')
    .description('Show one volume and who uses it')
    .argument('<environment/volume>', 'such as shop/data', volumeName)
    .action(async ({ environment, volume }: VolumeName, options: KeptOptions & JsonOptions) => {
      const client = await cli.connect(options);
      const found = await client.volumes.get(environment, volume, keptOf(options));
      if (options.json === true) return cli.out.line(formatJson(found));
      for (const line of formatFacts(factsOf(found), cli.out.style.dim)) cli.out.line(line);
    });
  withDaemon(withJson(withKept(command)));
  return withExamples(command, ['berth volume inspect shop/data']);
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Remove volumes that no container has, with their content')
    .argument('<environment/volume...>', 'such as shop/old', volumeNames)
    .action(async (names: readonly VolumeName[], options: KeptOptions) => {
      const client = await cli.connect(options);
      const byRef = new Map(names.map((name) => [`${name.environment}/${name.volume}`, name]));
      await removeEach(cli, [...byRef.keys()], (ref) => remove(client, byRef.get(ref), options));
    });
  withDaemon(withKept(command));
  return withExamples(command, ['berth volume rm shop/old', 'berth volume rm --kept shop/data']);
}

async function remove(client: Client, name: VolumeName | undefined, options: KeptOptions): Promise<void> {
  if (name !== undefined) await client.volumes.remove(name.environment, name.volume, keptOf(options));
}

function exportVolume(cli: Cli): Command {
  const command = new Command('export')
    .description('Write the content of a volume as a tar archive, with owners, modes and attributes')
    .argument('<environment/volume>', 'such as shop/data', volumeName)
    .option('-o, --output <file>', 'file to write; - is standard output', '-')
    .action(async ({ environment, volume }: VolumeName, options: ExportOptions) => {
      assertNoTerminal(options.output, process.stdout, '-o');
      const client = await cli.connect(options);
      const remote = await client.volumes.export(environment, volume, keptOf(options));
      await untilInterrupted(cli, remote, async () => {
        const bytes = await saveOutput(remote, options.output);
        cli.err.line(`${environment}/${volume}: ${formatBytes(bytes)} written`);
      });
    });
  withDaemon(withKept(command));
  return withExamples(command, [
    'berth volume export shop/data -o data.tar',
    'berth volume export shop/data | zstd >data.tar.zst',
  ]);
}

function importVolume(cli: Cli): Command {
  const command = new Command('import')
    .description('Replace the content of a volume by a tar archive: all of it, or nothing')
    .argument('<environment/volume>', 'such as shop/data', volumeName)
    .option('-i, --input <file>', 'file to read; - is standard input', '-')
    .option('--force', 'stop containers that run with it for the change, and start them again')
    .action(async ({ environment, volume }: VolumeName, options: ImportOptions & JsonOptions) => {
      assertNoTerminal(options.input, process.stdin, '-i');
      const client = await cli.connect(options);
      const remote = await client.volumes.import(environment, volume, { force: options.force === true });
      await untilInterrupted(cli, remote, () => sendInput(remote, options.input));
      if (options.json === true)
        return cli.out.line(formatJson(await client.volumes.get(environment, volume, {})));
      cli.err.line(`${environment}/${volume}: its content is that of the archive`);
    });
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth volume import shop/data -i data.tar --force',
    'zstdcat data.tar.zst | berth volume import shop/data',
  ]);
}

function withKept(command: Command): Command {
  return command.option('--kept', 'the one that a removed environment of this name left behind');
}

function keptOf({ kept }: KeptOptions): { readonly kept?: boolean } {
  return kept === undefined ? {} : { kept };
}

/** Ctrl-C leaves the process at the other end, which undoes what it had begun. */
async function untilInterrupted(
  cli: Cli,
  remote: { close(): void },
  work: () => Promise<void>,
): Promise<void> {
  const release = cli.interrupts.take(() => remote.close());
  try {
    await work();
  } finally {
    release();
    remote.close();
  }
}

function nameOf({ environment, key, name }: Volume): string {
  return `${environment}/${key ?? name}`;
}

function columns(cli: Cli): Column<Volume>[] {
  const nowMs = Date.now();
  return [
    { title: 'VOLUME', cell: nameOf, paint: cli.out.style.bold },
    { title: 'STATE', cell: (one) => one.state },
    { title: 'SIZE', cell: (one) => formatBytes(one.sizeBytes), align: 'right' },
    { title: 'USED BY', cell: (one) => one.usedBy.map(userText).join(', ') },
    {
      title: 'AGE',
      cell: (one) => (one.createdAt === undefined ? undefined : formatAge(one.createdAt, nowMs)),
      align: 'right',
    },
  ];
}

function userText({ service, container, running }: VolumeUser): string {
  return `${service ?? container}${running ? '' : ' (ended)'}`;
}

function factsOf(volume: Volume): (readonly [string, string])[] {
  const facts: (readonly [string, string | undefined])[] = [
    ['volume', nameOf(volume)],
    ['in the machine', volume.name],
    ['state', volume.state],
    ['size', formatBytes(volume.sizeBytes)],
    ['created', volume.createdAt],
    ...volume.usedBy.map((user) => ['used by', `${userText(user)}, container ${user.container}`] as const),
  ];
  return facts.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}
