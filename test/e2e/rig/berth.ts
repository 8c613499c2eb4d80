import { join } from 'node:path';
import type {
  Environment,
  EnvironmentStats,
  Failure,
  Operation,
  ServiceStatus,
  Template,
} from '../../../src/model/index.ts';
import { callApi } from './api.ts';
import { ROOT, sharedHome } from './home.ts';
import { type Ended, type ProgramOptions, runProgram, StreamingProgram } from './program.ts';

const BERTH = join(ROOT, 'berth');

export interface BerthOptions extends ProgramOptions {
  /** BERTH_HOME; default that of the run. */
  readonly home?: string;
}

function withHome(options: BerthOptions): ProgramOptions {
  const env = { ...(options.env ?? process.env), BERTH_HOME: options.home ?? sharedHome(), NO_COLOR: '1' };
  return { ...options, env };
}

/** Runs `./berth …` to its end, whatever its exit code. */
export function berth(argv: readonly string[], options: BerthOptions = {}): Promise<Ended> {
  return runProgram([BERTH, ...argv], withHome(options));
}

/** Runs `./berth …` as another user, who may read every file (the checkout may lie in root's home) and do no more. */
export function berthAs(uid: number, argv: readonly string[], options: BerthOptions = {}): Promise<Ended> {
  const drop = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const reading = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--'];
  return runProgram([...drop, ...reading, BERTH, ...argv], withHome(options));
}

/** Runs `./berth …`, which must succeed; gives its standard output. */
export async function berthOk(argv: readonly string[], options: BerthOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await berth(argv, options);
  if (code !== 0) {
    const said = `berth ${argv.join(' ')} ended with ${code}:\n${stdout}${stderr}`;
    throw new Error(`${said}\nwhat happened before:\n${await lastEvents(options)}`);
  }
  return stdout;
}

/** The last things that the daemon told of: what a failure far away from here may be the consequence of. */
async function lastEvents(options: BerthOptions): Promise<string> {
  const { stdout } = await berth(['events'], options).catch(() => ({ stdout: '' }));
  return stdout.split('\n').slice(-15).join('\n');
}

/** Runs `./berth … --json`, which must succeed. */
export async function berthJson<Value>(argv: readonly string[], options: BerthOptions = {}): Promise<Value> {
  return JSON.parse(await berthOk([...argv, '--json'], options)) as Value;
}

/** Runs `./berth … --json`, which must fail; gives the failure that it tells, and its exit code. */
export async function berthFails(
  argv: readonly string[],
  options: BerthOptions = {},
): Promise<Failure & { readonly exitCode: number }> {
  const { code, stdout, stderr } = await berth([...argv, '--json'], options);
  if (code === 0) throw new Error(`berth ${argv.join(' ')} succeeded:\n${stdout}${stderr}`);
  return { ...failureIn(stderr), exitCode: code };
}

/** The failure that a command with `--json` wrote to standard error. */
export function failureIn(stderr: string): Failure {
  const start = stderr.indexOf('{');
  if (start < 0) throw new Error(`there is no failure in: ${stderr}`);
  return (JSON.parse(stderr.slice(start)) as { error: Failure }).error;
}

/** Starts `./berth …` beside the test. */
export function startBerth(argv: readonly string[], options: BerthOptions = {}): StreamingProgram {
  return new StreamingProgram([BERTH, ...argv], withHome(options));
}

/**
 * What a command with `--json` prints of something that the daemon has, without the command where that can be had: a process of its own for
 * each look makes up a good part of these tests. Where no daemon answers, or refuses, it is the command's to start one or to say why.
 */
async function look<Value>(
  path: string,
  argv: readonly string[],
  options: BerthOptions = {},
): Promise<Value> {
  if (options.env === undefined) {
    const answer = await callApi('GET', path, undefined, options.home).catch(() => undefined);
    if (answer?.status === 200) return answer.body as Value;
  }
  return berthJson<Value>(argv, options);
}

export const environments = (options?: BerthOptions) => look<Environment[]>('/environments', ['ls'], options);
export const inspect = (name: string, options?: BerthOptions) =>
  look<Environment>(`/environments/${encodeURIComponent(name)}`, ['inspect', name], options);
export const services = (name: string, options?: BerthOptions) =>
  berthJson<ServiceStatus[]>(['ps', name], options);
export const templates = (options?: BerthOptions) =>
  look<Template[]>('/templates', ['template', 'ls'], options);
export const operations = (options?: BerthOptions) =>
  look<Operation[]>('/operations', ['operation', 'ls'], options);
export const fork = (source: string, ...flags: string[]) =>
  berthJson<Environment[]>(['fork', source, ...flags]);

/** Measures one environment. */
export async function statsOf(name: string): Promise<EnvironmentStats> {
  const [stats] = await berthJson<EnvironmentStats[]>(['stats', name]);
  if (stats === undefined) throw new Error(`there are no figures of ${name}`);
  return stats;
}

/** Runs a shell line in a service; gives what it printed. */
export function inService(name: string, service: string, line: string): Promise<string> {
  return berthOk(['exec', name, service, '--', '/bin/sh', '-c', line]);
}

/** Runs a shell line in the machine; gives what it printed. */
export function inMachine(name: string, line: string, options?: BerthOptions): Promise<string> {
  return berthOk(['shell', name, '--', '/bin/sh', '-c', line], options);
}

/** Removes environments that are there, whatever their state. */
export async function removeEnvironments(names: readonly string[], options?: BerthOptions): Promise<void> {
  if (names.length > 0) await berthOk(['rm', '--force', ...names], options);
}

/** Removes every environment of a home. */
export async function removeAllEnvironments(options?: BerthOptions): Promise<void> {
  await removeEnvironments(
    (await environments(options)).filter(({ replicaOf }) => replicaOf === undefined).map(({ name }) => name),
    options,
  );
}
