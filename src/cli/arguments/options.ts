import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseByteSize } from '../../base/index.ts';
import type { PublishRequest } from '../../contract/index.ts';
import { isName, MAX_REPLICAS } from '../../model/index.ts';
import { parseDuration } from '../../base/index.ts';
import { parsePublish } from './publish.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Of every command that speaks with the daemon. */
export interface DaemonOptions {
  /** False with `--no-autostart`. */
  readonly autostart: boolean;
}

/** Of every command that prints a list or a thing. */
export interface JsonOptions {
  readonly json?: boolean;
}

/** Of every command that can say less. */
export interface QuietOptions {
  readonly quiet?: boolean;
}

/** Of every command that starts an operation. */
export interface OperationOptions extends DaemonOptions, JsonOptions, QuietOptions {
  /** False with `--no-wait`. */
  readonly wait: boolean;
  /** How long to wait, in ms. */
  readonly timeout?: number;
}

/** Adds `--no-autostart`. */
export function withDaemon(command: Command): Command {
  return command.option('--no-autostart', 'fail when no daemon runs, instead of starting one');
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

/** Adds `-q, --quiet`. */
export function withQuiet(command: Command, what = 'print names only'): Command {
  return command.option('-q, --quiet', what);
}

/** Adds what every command has that starts an operation: waiting, its deadline, JSON, quiet, autostart. */
export function withOperation(command: Command, whenQuiet = 'print no progress'): Command {
  withJson(withQuiet(command, whenQuiet));
  command.addOption(new Option('--wait', 'wait until it is done (the default)').default(true).hideHelp());
  command.addOption(new Option('--no-wait', 'print the id of the operation and leave it running'));
  command.option('--timeout <duration>', 'how long to wait, such as 90s or 5m', duration);
  return withDaemon(command);
}

/** Adds examples to the end of a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ ${example}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** A duration in ms. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value <= 0)
    throw new InvalidArgumentError('A duration looks like 500ms, 30s, 5m or 1h.');
  return value;
}

/** A whole number of 1 or more. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It is a whole number of 1 or more.');
}

/** A whole number of 0 or more. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError('It is a whole number of 0 or more.');
}

/** A size in MiB; a bare number is MiB too. */
export function mebibytes(text: string): number {
  return inUnits(text, MIB, 'A size looks like 768MiB or 2GiB.');
}

/** A size in GiB; a bare number is GiB too. */
export function gibibytes(text: string): number {
  return inUnits(text, GIB, 'A size looks like 8GiB or 20G.');
}

/** How many machines answer for an environment. */
export function replicaCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_REPLICAS) return count;
  throw new InvalidArgumentError(`It is a whole number from 1 to ${MAX_REPLICAS}.`);
}

/** A name as environments and templates have it. */
export function name(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError(
    'Names have 1 to 40 lower-case letters, digits and hyphens; no hyphen first.',
  );
}

/** One more Compose file. */
export function composeFile(text: string, before: readonly string[] = []): readonly string[] {
  if (before.includes('-') && text === '-')
    throw new InvalidArgumentError('Standard input can be read only once.');
  return [...before, text];
}

/** One more `--allow-mount`. */
export function allowMount(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** One more `--publish`. */
export function publish(text: string, before: readonly PublishRequest[] = []): readonly PublishRequest[] {
  const parsed = parsePublish(text);
  if (parsed !== undefined) return [...before, parsed];
  throw new InvalidArgumentError('It looks like ADDRESS:PORT:SERVICE:PORT, such as 0.0.0.0:8080:web:80.');
}

function inUnits(text: string, unit: number, form: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) * unit : parseByteSize(text);
  if (bytes === undefined || bytes < unit) throw new InvalidArgumentError(form);
  return Math.ceil(bytes / unit);
}
