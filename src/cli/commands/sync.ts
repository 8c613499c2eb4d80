import { Command } from 'commander';
import { resolve } from 'node:path';
import { environmentName } from '../arguments/project.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import { berthError } from '../../errors/index.ts';
import type { Cli } from '../cli.ts';
import { bringBack } from '../files/bring-back.ts';
import { printNotes } from '../files/print-notes.ts';
import { describeSent, type Sent, sendFiles } from '../files/send-files.ts';
import { formatJson } from '../format/json.ts';

interface SyncOptions extends DaemonOptions, JsonOptions, QuietOptions {
  readonly back?: boolean;
  readonly force?: boolean;
  readonly delete?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('sync')
    .description(
      "Send what has changed of a project's files into its machine, or bring back what has changed there",
    )
    .argument('[environment]', 'default: that of the project in the working directory')
    .argument('[paths...]', 'with --back: only these, and what is below them')
    .option('--back', 'bring files that have changed in the machine to this host')
    .option('--force', 'with --back: also over files that have changed on this host')
    .option('--delete', 'with --back: remove files that were removed in the machine')
    .action((environment: string | undefined, paths: readonly string[], options: SyncOptions) =>
      sync(cli, environment, paths, options),
    );
  withDaemon(withQuiet(withJson(command), 'say nothing'));
  return withExamples(command, [
    'berth sync',
    'berth sync shop --back',
    'berth sync shop --back src/generated',
  ]);
}

async function sync(
  cli: Cli,
  given: string | undefined,
  paths: readonly string[],
  options: SyncOptions,
): Promise<void> {
  if (options.back !== true && (paths.length > 0 || options.force === true || options.delete === true)) {
    throw berthError('bad-request', 'Paths, --force and --delete go with --back', {
      remedy: 'Add --back, or leave them out: everything that has changed is sent.',
    });
  }
  const name = await environmentName(given, cli);
  const client = await cli.connect(options);
  if (options.back === true) {
    const within = paths.map((path) => resolve(cli.cwd, path));
    return bringBack(cli, client, name, { ...options, within });
  }
  const exchange = await client.environments.files(name);
  try {
    const sent = await sendFiles(exchange);
    if (options.json === true) return cli.out.line(formatJson(reportOf(sent)));
    if (options.quiet === true) return;
    printNotes(cli, sent.notes);
    cli.out.line(`${name}: ${describeSent(sent)}`);
  } finally {
    exchange.close();
  }
}

function reportOf({ changed, removed, notes }: Sent) {
  return { sent: changed.map(({ path }) => path), removed, notes };
}
