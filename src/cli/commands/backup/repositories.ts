import { resolve } from 'node:path';
import { Command } from 'commander';
import { berthError } from '../../../errors/index.ts';
import { permissions, readText } from '../../../host/index.ts';
import type { BackupRepository } from '../../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  name,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../../arguments/options.ts';
import type { Cli } from '../../cli.ts';
import { formatAge } from '../../format/age.ts';
import { formatJson } from '../../format/json.ts';
import type { Column } from '../../format/table.ts';
import { printList } from '../print-list.ts';
import { removeEach } from '../remove-each.ts';

interface AddOptions extends DaemonOptions, JsonOptions {
  readonly passwordFile?: string;
}

/** Others than root must not read what is in it. */
const OTHERS = 0o077;

/** `berth backup repo` */
export function repo(cli: Cli): Command {
  const command = new Command('repo').description(
    'Places that backups are kept in: directories and S3-compatible stores',
  );
  for (const make of [ls, add, rm]) command.addCommand(make(cli));
  return command;
}

function ls(cli: Cli): Command {
  const command = new Command('ls')
    .alias('list')
    .description('List the repositories that this host knows')
    .action(async (options: DaemonOptions & JsonOptions & QuietOptions) => {
      const client = await cli.connect(options);
      printList(cli, await client.backups.repositories(), columns(cli), options, {
        name: (one) => one.name,
        whenEmpty: 'No repositories; add one with: berth backup repo add NAME LOCATION',
      });
    });
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth backup repo ls']);
}

function add(cli: Cli): Command {
  const command = new Command('add')
    .description('Make a repository known; one that is not there yet is made, encrypted')
    .argument('<name>', 'what it is to be called here', name)
    .argument('<location>', 'a directory, or s3:https://HOST/BUCKET/PLACE')
    .option(
      '--password-file <file>',
      'file with its password (or the environment: RESTIC_PASSWORD, RESTIC_PASSWORD_FILE); needed for one that is there; a new one gets one made up',
    )
    .action(async (called: string, location: string, { passwordFile, ...options }: AddOptions) => {
      const password = await readPassword(passwordFile ?? process.env['RESTIC_PASSWORD_FILE']);
      const s3 = location.startsWith('s3:') ? s3Credentials(process.env) : undefined;
      const client = await cli.connect(options);
      const made = await client.backups.addRepository({
        name: called,
        location: location.startsWith('s3:') ? location : resolve(location),
        ...(password === undefined ? {} : { password }),
        ...(s3 === undefined ? {} : { s3 }),
      });
      if (options.json === true) return cli.out.line(formatJson(made));
      cli.out.line(`${made.name} is at ${made.location}`);
      if (password === undefined)
        cli.err.line(
          `note: its password is in ${made.passwordFile}; keep a copy elsewhere: without it nothing can be restored`,
        );
    });
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth backup repo add main /srv/backups',
    'AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… berth backup repo add offsite s3:https://s3.example.com/berth',
    'berth backup repo add main /srv/backups --password-file password',
  ]);
}

/** What a secret is never given by: the command line, which every user of the host can read. */
async function readPassword(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return process.env['RESTIC_PASSWORD'];
  const text = await readText(file);
  if (text === undefined) throw berthError('bad-request', `There is no file ${file}`);
  const found = await permissions(file);
  if (found !== undefined && (found.mode & OTHERS) !== 0)
    throw berthError('bad-request', `Others than its owner may read ${file}`, {
      remedy: `Take that away: chmod 600 ${file}`,
    });
  const password = text.replace(/\r?\n$/, '');
  if (password === '') throw berthError('bad-request', `The file ${file} is empty`);
  return password;
}

function s3Credentials(env: Readonly<Record<string, string | undefined>>) {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: region,
  } = env;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw berthError('bad-request', 'An S3 store wants credentials', {
      remedy: 'Give them in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  return { accessKeyId, secretAccessKey, ...(region === undefined ? {} : { region }) };
}

function rm(cli: Cli): Command {
  const command = new Command('rm')
    .description('Forget repositories and their secrets here; what is in them stays')
    .argument('<name...>')
    .action(async (names: readonly string[], options: DaemonOptions) => {
      const client = await cli.connect(options);
      await removeEach(cli, names, (one) => client.backups.removeRepository(one));
    });
  withDaemon(command);
  return withExamples(command, ['berth backup repo rm main']);
}

function columns(cli: Cli): Column<BackupRepository>[] {
  const nowMs = Date.now();
  return [
    { title: 'NAME', cell: (one) => one.name, paint: cli.out.style.bold },
    { title: 'LOCATION', cell: (one) => one.location },
    { title: 'PASSWORD FILE', cell: (one) => one.passwordFile },
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}
