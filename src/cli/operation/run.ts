import { deadlineSignal, formatDuration } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { asBerthError, BerthError, berthError } from '../../errors/index.ts';
import type { Operation } from '../../model/index.ts';
import { type Cli, ReportedFailure } from '../cli.ts';
import { formatFailure } from '../format/failure.ts';
import { formatJson } from '../format/json.ts';
import { createProgress, type Progress, SILENT_PROGRESS } from './progress.ts';

/** How operations are followed; the flags of every command that starts one. */
export interface RunOptions {
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** `--timeout`, in ms. */
  readonly timeout?: number;
}

/** Waits as long as the daemon's own deadlines let an operation go on; this one is only against a daemon that hangs. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * Starts operations and follows them to their end, with progress on stderr. The first Ctrl-C cancels them all.
 * Gives those that ended well, after `show` has told of them; with `--no-wait` prints their ids and gives nothing. One failure is thrown; several are
 * printed and then told by {@link ReportedFailure}.
 */
export async function runOperations(
  cli: Cli,
  client: Client,
  starts: readonly (() => Promise<Operation>)[],
  options: RunOptions,
  show?: (ended: readonly Operation[]) => Promise<void> | void,
): Promise<readonly Operation[]> {
  const started = await Promise.allSettled(starts.map((start) => start()));
  const operations = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failures = started.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (!options.wait) {
    printIds(cli, operations, options);
    throwFailures(cli, failures);
    return [];
  }
  const ended = await followOperations(cli, client, operations, options);
  await show?.(ended.operations);
  throwFailures(cli, [...failures, ...ended.failures]);
  return ended.operations;
}

/** Starts one operation and follows it; `undefined` with `--no-wait`. */
export async function runOperation(
  cli: Cli,
  client: Client,
  start: () => Promise<Operation>,
  options: RunOptions,
): Promise<Operation | undefined> {
  const [operation] = await runOperations(cli, client, [start], options);
  return operation;
}

interface Ended {
  readonly operations: readonly Operation[];
  readonly failures: readonly unknown[];
}

async function followOperations(
  cli: Cli,
  client: Client,
  operations: readonly Operation[],
  options: RunOptions,
): Promise<Ended> {
  if (operations.length === 0) return { operations: [], failures: [] };
  const progress =
    options.quiet === true || options.json === true ? SILENT_PROGRESS : createProgress(cli.err);
  const release = cli.interrupts.take(() => cancelAll(client, operations, progress));
  try {
    const several = operations.length > 1;
    const outcomes = await Promise.allSettled(
      operations.map((one) => finish(client, one, progress, several, options)),
    );
    return {
      operations: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
      failures: outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      ),
    };
  } finally {
    release();
    progress.end();
  }
}

async function finish(
  client: Client,
  operation: Operation,
  progress: Progress,
  several: boolean,
  options: RunOptions,
): Promise<Operation> {
  const timeoutMs = options.timeout ?? DEFAULT_TIMEOUT_MS;
  try {
    return await client.finishOperation(operation.id, {
      signal: deadlineSignal(timeoutMs),
      onUpdate: (state) => progress.update(several ? withTarget(state) : state),
    });
  } catch (error) {
    if (error instanceof BerthError && error.code !== 'timeout') throw error;
    if (asBerthError(error).code !== 'timeout') throw error;
    throw error instanceof BerthError ? error : stillRunning(operation, timeoutMs, error);
  }
}

function stillRunning(operation: Operation, timeoutMs: number, cause: unknown): BerthError {
  return berthError(
    'timeout',
    `${operation.id} was not done within ${formatDuration(timeoutMs)}; it goes on`,
    {
      remedy: `Follow it with ./berth operation show -f ${operation.id}, or cancel it with ./berth operation cancel ${operation.id}`,
      cause,
    },
  );
}

function withTarget(operation: Operation): Operation {
  const target = operation.targets.join(', ');
  return {
    ...operation,
    steps: operation.steps.map((step) => ({ ...step, title: `${target}: ${step.title}` })),
  };
}

function cancelAll(client: Client, operations: readonly Operation[], progress: Progress): void {
  progress.note('cancelling; Ctrl-C again leaves at once');
  for (const operation of operations) {
    client.operations.cancel(operation.id).catch((error: unknown) => {
      progress.note(`cannot cancel ${operation.id}: ${asBerthError(error).message}`);
    });
  }
}

function printIds(cli: Cli, operations: readonly Operation[], options: RunOptions): void {
  if (options.json === true)
    return cli.out.line(formatJson(operations.length === 1 ? operations[0] : operations));
  for (const operation of operations) cli.out.line(operation.id);
}

function throwFailures(cli: Cli, failures: readonly unknown[]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw asBerthError(first);
  const errors = failures.map(asBerthError);
  for (const error of errors) for (const line of formatFailure(error, cli.err.style)) cli.err.line(line);
  throw new ReportedFailure(errors[0]?.exitCode ?? 1);
}
