import { renderForGuest } from '../../compose/index.ts';
import { asBerthError } from '../../errors/index.ts';
import { composeBuild, composeUp } from '../../guest/index.ts';
import { composePlace } from '../compose-place.ts';
import type { Context } from '../context.ts';
import { type CopyAction, planWatchActions, type ServiceActions } from '../plan/watch-actions.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord } from '../record.ts';
import { readServices } from '../services.ts';
import type { Exchanged } from './exchange.ts';

const COPY_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 300_000;
const BUILD_TIMEOUT_MS = 1_800_000;
const RESTART_GRACE_SECONDS = 10;

/** $1 directory, $2 rule for the names, $3 container: `tar` reads which files, and podman unpacks them in the container. */
const COPY = 'tar -C "$1" --transform "flags=rSH;$2" --null -T - -c -f - | podman cp - "$3:/"';

/** Does what `develop.watch` asks for after changes, and says what was done. What fails is said, too, and keeps nothing else from being done. */
export async function runWatchActions(
  context: Context,
  record: EnvironmentRecord,
  { changed, removed }: Exchanged,
  signal: AbortSignal,
  say: (text: string) => Promise<void>,
): Promise<void> {
  const actions = planWatchActions(projectOf(record).watch, changed, removed);
  if (actions.length === 0) return;
  const containers = await readServices(context, record, signal);
  for (const service of actions) {
    const own = containers.filter(({ name }) => name === service.service).map(({ container }) => container);
    const steps = service.rebuild
      ? [() => rebuild(context, record, service.service, signal)]
      : own.flatMap((container) => stepsOf(context, record, service, container, signal));
    for (const step of steps) {
      const done = await step().catch((error: unknown) => `failed: ${asBerthError(error).message}`);
      await say(`${service.service}: ${done}`);
    }
  }
}

/** What is done in one container; each step gives the words for it. */
function stepsOf(
  context: Context,
  record: EnvironmentRecord,
  { copies, removals, restart, commands }: ServiceActions,
  container: string,
  signal: AbortSignal,
): (() => Promise<string>)[] {
  const shell = context.sessions.shell(record);
  const run = (argv: readonly string[], input?: string) =>
    shell.exec(argv, {
      timeoutMs: input === undefined ? COMMAND_TIMEOUT_MS : COPY_TIMEOUT_MS,
      signal,
      ...(input === undefined ? {} : { input }),
    });
  return [
    ...copies.map((copy) => async () => {
      const names = copy.names.map((name) => `./${name}\0`).join('');
      await run(
        ['bash', '-o', 'pipefail', '-c', COPY, 'bash', copy.from, renameRule(copy), container],
        names,
      );
      return `${copy.names.length} copied to ${copy.to}`;
    }),
    ...(removals.length === 0
      ? []
      : [
          async () => {
            await run(['podman', 'exec', container, 'rm', '-rf', '--', ...removals]);
            return `${removals.length} removed`;
          },
        ]),
    ...commands.map((command) => async () => {
      await run(['podman', 'exec', container, ...command]);
      return `ran ${command.join(' ')}`;
    }),
    ...(restart
      ? [
          async () => {
            await run(['podman', 'restart', '--time', String(RESTART_GRACE_SECONDS), container]);
            return 'restarted';
          },
        ]
      : []),
  ];
}

/** The rule by which tar makes names in the container of names in the machine. */
function renameRule({ names, to, as }: CopyAction): string {
  const target = to === '/' ? '' : `${to.slice(1)}/`;
  const escape = (text: string) => text.replaceAll(/[\\&|]/g, String.raw`\$&`);
  if (as === undefined) return `s|^\\./|${escape(target)}|`;
  const pattern = (names[0] ?? '').replaceAll(/[\\^$.*[\]|]/g, String.raw`\$&`);
  return `s|^\\./${pattern}$|${escape(target + as)}|`;
}

/** Builds a service's image and makes its containers anew, as an operation of its own. */
async function rebuild(
  context: Context,
  record: EnvironmentRecord,
  service: string,
  signal: AbortSignal,
): Promise<string> {
  const { compose, variables } = record.workload;
  const request = {
    ...composePlace(record),
    ...{ file: renderForGuest(compose, { variables }), env: variables, services: [service] },
    timeoutMs: BUILD_TIMEOUT_MS,
  };
  const started = await context.operations.start(
    'rebuild',
    [record.name],
    { id: record.id },
    async (operation) => {
      await context.registry.claim(record.id, operation.id);
      try {
        const shell = context.sessions.shell(record);
        await operation.step('build', `build ${service}`, (step) =>
          composeBuild(shell, { ...request, signal: operation.signal, onLine: (line) => step.detail(line) }),
        );
        await operation.step('compose', `start ${service} anew`, () =>
          composeUp(shell, { ...request, signal: operation.signal, removeOrphans: false }),
        );
      } finally {
        await context.registry.update(record.id, { operation: undefined });
      }
      return { names: [record.name] };
    },
  );
  const ended = await context.operations.wait(started.id, signal);
  return ended.error === undefined ? 'rebuilt' : `failed: ${ended.error.message}`;
}
