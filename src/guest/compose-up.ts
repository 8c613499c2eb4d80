import { berthError, BerthError } from '../errors/index.ts';
import type { Problem } from '../model/index.ts';
import { type ComposePlace, writeComposeFiles } from './compose-files.ts';
import { type ComposeFailure, readComposeFailure } from './compose-output.ts';
import type { EngineContainer } from './engine.ts';
import { connectEngine } from './engine-client.ts';
import type { GuestShell } from './guest-shell.ts';
import { ENGINE_SOCKET } from './ssh-guest-shell.ts';
import type { WaitOptions } from './wait-options.ts';

/** What Compose in the guest is to run. */
export interface ComposeUpRequest extends ComposePlace, WaitOptions {
  /** Text of the Compose file. */
  readonly file: string;
  /** Values of the variables that it refers to. */
  readonly env: Readonly<Record<string, string>>;
  /** Only these services, without those that they depend on; all by default. */
  readonly services?: readonly string[];
  /** Removes containers of services that the file has no more; true by default. */
  readonly removeOrphans?: boolean;
  /** Called with each line of Compose's progress. */
  readonly onLine?: (line: string) => void;
}

/** What Compose in the guest is to build. */
export interface ComposeBuildRequest extends Omit<ComposeUpRequest, 'removeOrphans' | 'services'> {
  /** Services whose images are built. */
  readonly services: readonly string[];
}

/** What Compose in the guest is to put together. */
export interface ComposeConfigRequest extends ComposePlace, WaitOptions {
  /** Texts of Compose files, each over those before it. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What Compose in the guest is to take down. */
export interface ComposeDownRequest extends WaitOptions {
  readonly project: string;
  /** Seconds that containers get to end by themselves. */
  readonly graceSeconds: number;
  /** Removes named volumes with their data too; false by default. */
  readonly volumes?: boolean;
  readonly onLine?: (line: string) => void;
}

const DIAGNOSIS_TIMEOUT_MS = 20_000;
const LOG_LINES = 10;
const MAX_MESSAGE = 2_000;
const MAX_OUTPUT_BYTES = 256 * 1024;

/**
 * Writes the project's files and runs the real docker-compose in the guest, which starts what has changed. Returns when the
 * containers were started; whether they are ready is another question.
 * @throws `service-failed` with the services that ended or are unhealthy and their last words, `engine-failed` for any
 *   other failure of Compose, `guest-unreachable`, `timeout`
 */
export async function composeUp(shell: GuestShell, request: ComposeUpRequest): Promise<void> {
  const written = await writeComposeFiles(shell, request, [request.file], request.env, waitOf(request));
  const orphans = request.removeOrphans === false ? [] : ['--remove-orphans'];
  const only = request.services === undefined ? [] : ['--no-deps', ...request.services];
  const up = ['up', '--detach', '--no-build', '--pull', 'missing', ...orphans, ...only];
  await runCompose(shell, request.project, [...written.arguments, ...up], request, written.variables);
}

/** Builds images of services with the classic builder, which Podman serves. Fails as {@link composeUp}. */
export async function composeBuild(shell: GuestShell, request: ComposeBuildRequest): Promise<void> {
  const written = await writeComposeFiles(shell, request, [request.file], request.env, waitOf(request));
  const argv = [...written.arguments, 'build', ...request.services];
  const variables = { ...written.variables, DOCKER_BUILDKIT: '0' };
  await runCompose(shell, request.project, argv, request, variables);
}

/**
 * What several Compose files say together, with all that they extend and include, paths and variables filled in: one
 * Compose file in JSON.
 * @throws `compose-invalid` with what Compose has to say against them
 */
export async function composeConfig(shell: GuestShell, request: ComposeConfigRequest): Promise<string> {
  const written = await writeComposeFiles(shell, request, request.files, request.env, waitOf(request));
  const argv = [...written.arguments, 'config', '--format', 'json'];
  const command = commandOf(request.project, argv, written.variables);
  const outcome = await shell.exec(command, { ...waitOf(request), okExitCodes: 'any' });
  if (outcome.code === 0) return outcome.stdout;
  const { cause } = readComposeFailure(outcome.stderr);
  throw berthError('compose-invalid', `Compose cannot put the files together: ${cause}`);
}

/** Stops and removes a project's containers and networks. Nothing happens when there are none. Fails as {@link composeUp}. */
export async function composeDown(shell: GuestShell, request: ComposeDownRequest): Promise<void> {
  const volumes = request.volumes === true ? ['--volumes'] : [];
  const argv = ['down', '--remove-orphans', '--timeout', String(request.graceSeconds), ...volumes];
  await runCompose(shell, request.project, argv, request, {});
}

async function runCompose(
  shell: GuestShell,
  project: string,
  argv: readonly string[],
  o: WaitOptions & { readonly onLine?: (line: string) => void },
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const outcome = await shell.exec(commandOf(project, argv, variables), {
    ...waitOf(o),
    okExitCodes: 'any',
    maxOutputBytes: MAX_OUTPUT_BYTES,
    onLine: (line) => {
      if (line.trim() !== '') o.onLine?.(line.trim());
    },
  });
  if (outcome.code !== 0) throw await explain(shell, project, `${outcome.stdout}\n${outcome.stderr}`, o);
}

function commandOf(
  project: string,
  argv: readonly string[],
  variables: Readonly<Record<string, string>>,
): string[] {
  const assignments = Object.entries({ ...variables, DOCKER_HOST: `unix://${ENGINE_SOCKET}` }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const compose = ['docker-compose', '--ansi', 'never', '--progress', 'plain', '-p', project];
  return ['env', ...assignments, ...compose, ...argv];
}

function waitOf(o: WaitOptions): WaitOptions {
  return { timeoutMs: o.timeoutMs, ...(o.signal === undefined ? {} : { signal: o.signal }) };
}

/** Finds out which service is to blame; what cannot be found out must not hide what Compose said. */
async function explain(
  shell: GuestShell,
  project: string,
  output: string,
  o: WaitOptions,
): Promise<BerthError> {
  const failure = readComposeFailure(output);
  if (failure.fileRefused)
    return berthError('compose-invalid', `Compose in the guest refuses the file: ${failure.cause}`);
  const engine = connectEngine(shell);
  try {
    const containers = await engine.containers(project, { ...waitOf(o), timeoutMs: DIAGNOSIS_TIMEOUT_MS });
    const failed = containers.filter(
      (container) => hasFailed(container) && failure.touched.includes(container.name),
    );
    const problems = await Promise.all(failed.map((container) => describe(engine, container)));
    const stuck = containers.find(({ name }) => name === failure.stuck);
    if (problems.length === 0 && stuck !== undefined)
      problems.push({ path: `services.${stuck.service}`, message: failure.cause });
    if (problems.length > 0) return serviceFailed(problems, failure);
  } catch {
    // The engine does not answer: what Compose said has to do.
  } finally {
    engine.close();
  }
  return berthError('engine-failed', `Compose in the guest failed: ${failure.cause}`);
}

function serviceFailed(problems: readonly Problem[], failure: ComposeFailure): BerthError {
  const names = [...new Set(problems.map(({ path }) => `"${path.slice('services.'.length)}"`))].join(', ');
  return berthError('service-failed', `service ${names} did not start: ${failure.cause}`, { problems });
}

/** A container that was made but never started, one that ended badly, and one that is unhealthy. */
function hasFailed(container: EngineContainer): boolean {
  return container.health === 'unhealthy' || (container.exitCode !== undefined && container.exitCode !== 0);
}

async function describe(
  engine: ReturnType<typeof connectEngine>,
  container: EngineContainer,
): Promise<Problem> {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(DIAGNOSIS_TIMEOUT_MS);
  try {
    for await (const { line } of engine.logs(container.id, { tail: LOG_LINES, signal })) lines.push(line);
  } catch {
    // Its state alone tells something too.
  }
  const state =
    container.health === 'unhealthy'
      ? 'is unhealthy'
      : `ended with exit code ${container.exitCode ?? 'unknown'}`;
  const words = [container.healthOutput ?? '', ...lines].filter((line) => line !== '').join('\n');
  return {
    path: `services.${container.service}`,
    message: `${container.name} ${state}${words === '' ? '' : `:\n${words.slice(-MAX_MESSAGE)}`}`,
  };
}
