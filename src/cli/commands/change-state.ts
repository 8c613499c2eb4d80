import type { Client } from '../../client/index.ts';
import type { LifecycleRequest } from '../../contract/index.ts';
import type { Operation } from '../../model/index.ts';
import type { OperationOptions } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperations } from '../operation/run.ts';
import { printReady } from './print-ready.ts';

/** Flags of start, stop and restart. */
export interface ChangeOptions extends OperationOptions {
  readonly force?: boolean;
}

/** Starts one such operation. */
export type Change = (client: Client, name: string, request: LifecycleRequest) => Promise<Operation>;

/** How long after the deadline given to the daemon its answer is waited for. */
const GRACE_MS = 30_000;

/** Starts or restarts environments side by side and shows where they answer. */
export async function changeState(
  cli: Cli,
  names: readonly string[],
  options: ChangeOptions,
  change: Change,
): Promise<void> {
  const client = await cli.connect(options);
  const starts = unique(names).map((name) => () => change(client, name, lifecycleRequest(options)));
  await runOperations(cli, client, starts, withGrace(options), async (operations) => {
    const changed = await Promise.all(
      operations.map(async (operation) => ({
        operation,
        environment: await client.environments.get(operation.targets[0] ?? ''),
      })),
    );
    if (options.json === true) return cli.out.line(formatJson(changed.map((one) => one.environment)));
    for (const { environment, operation } of changed) printReady(cli, environment, operation);
  });
}

/** What the daemon is told of the flags. */
export function lifecycleRequest(options: Pick<ChangeOptions, 'timeout' | 'force'>): LifecycleRequest {
  return {
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
    ...(options.force === undefined ? {} : { force: options.force }),
  };
}

/** The daemon keeps the deadline; the command line waits a little longer for its answer. */
export function withGrace(options: ChangeOptions): ChangeOptions {
  return options.timeout === undefined ? options : { ...options, timeout: options.timeout + GRACE_MS };
}

/** Names in their order, each once. */
export function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
