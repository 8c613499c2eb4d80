import { once } from 'node:events';
import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import type { ScanNote } from '../../files/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { copyIn, unpackRemote } from '../files/copy-in.ts';
import { copyOut, packRemote } from '../files/copy-out.ts';
import { type CopyPlace, readPlace, type RemotePlace } from '../files/copy-place.ts';
import { printNotes } from '../files/print-notes.ts';
import { formatJson } from '../format/json.ts';

interface CpOptions extends DaemonOptions, JsonOptions, QuietOptions {
  readonly archive?: boolean;
  readonly followLink?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('cp')
    .description('Copy files between this host and a machine (ENV:PATH) or a service (ENV/SERVICE:PATH)')
    .argument('<source>', 'ENV:PATH, ENV/SERVICE:PATH, a path of this host, or - for a tar archive')
    .argument('<target>', 'the same; one of the two is on this host')
    .option('-a, --archive', 'keep owners')
    .option('-L, --follow-link', 'copy what links in the machine lead to')
    .action((source: string, target: string, options: CpOptions) => cp(cli, source, target, options));
  withDaemon(withQuiet(withJson(command), 'say nothing'));
  return withExamples(command, [
    'berth cp shop/web:/etc/nginx/nginx.conf .',
    'berth cp ./fixtures shop/store:/data',
    'berth cp shop:/var/log - | tar tv',
  ]);
}

async function cp(cli: Cli, from: string, to: string, options: CpOptions): Promise<void> {
  const [source, target] = [readPlace(from, cli.cwd), readPlace(to, cli.cwd)];
  const remote = source.kind === 'remote' ? source : target.kind === 'remote' ? target : undefined;
  if (remote === undefined || source.kind === target.kind) throw notOneOfEach(remote !== undefined);
  const client = await cli.connect(options);
  const container = await containerOf(client, remote);
  const notes: ScanNote[] = [];
  const copy = {
    archive: options.archive === true,
    follow: options.followLink === true,
    onNote: (note: ScanNote) => notes.push(note),
  };
  const copied = await run(client, source, target, container, copy);
  if (options.json === true) return cli.out.line(formatJson(copied ?? {}));
  if (options.quiet === true) return;
  printNotes(cli, notes);
  if (copied !== undefined)
    cli.err.line(
      `copied ${copied.files} ${copied.files === 1 ? 'file' : 'files'}, ${formatBytes(copied.sizeBytes)}`,
    );
}

/** Undefined when an archive was passed on, of which nothing is known but its bytes. */
async function run(
  client: Client,
  source: CopyPlace,
  target: CopyPlace,
  container: string | undefined,
  options: Parameters<typeof copyOut>[4],
) {
  if (source.kind === 'remote') {
    if (target.kind === 'local') return copyOut(client, source, container, target, options);
    await writeOut(packRemote(client, source, container, options.follow));
  } else if (target.kind === 'remote') {
    if (source.kind === 'local') return copyIn(client, source, target, container, options);
    const input = process.stdin as AsyncIterable<Uint8Array>;
    await unpackRemote(client, target, container, target.path, input);
  }
  return undefined;
}

async function writeOut(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

/** The container that a place names; undefined for the machine itself. @throws `not-found` naming the services that there are */
async function containerOf(client: Client, place: RemotePlace): Promise<string | undefined> {
  const { environment, service } = place;
  if (service === undefined) return undefined;
  const services = await client.environments.services(environment);
  const found = services.find(({ name, container }) => name === service || container === service);
  if (found !== undefined) return found.container;
  const names = [...new Set(services.map(({ name }) => name))].join(', ') || 'none';
  throw berthError(
    'not-found',
    `environment "${environment}" has no service "${service}"; its services: ${names}`,
    {
      remedy: `See them with \`./berth ps ${environment}\`.`,
    },
  );
}

function notOneOfEach(both: boolean): Error {
  const message = both
    ? 'Both ends are in environments; one of them has to be on this host'
    : 'Neither end is in an environment';
  return berthError('bad-request', message, {
    remedy: both
      ? 'Pass an archive on: `./berth cp A:PATH - | ./berth cp - B:PATH`.'
      : 'Write ENV:PATH for the machine or ENV/SERVICE:PATH for a service.',
  });
}
