import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { create, ls, prune, restore, rm, verify } from './backup/backups.ts';
import { repo } from './backup/repositories.ts';

export function define(cli: Cli): Command {
  const command = new Command('backup').description(
    'Environments as they were at one moment, in a directory or an S3-compatible store',
  );
  for (const make of [create, ls, verify, restore, rm, prune, repo]) command.addCommand(make(cli));
  return command;
}
