import { formatBytes } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import type { EnvironmentStats, Operation } from '../../model/index.ts';
import type { OperationOptions } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperations } from '../operation/run.ts';

/** What ends an environment, and how that is told. */
export interface Ending {
  readonly start: (name: string) => Promise<Operation>;
  /** `stopped` or `removed`. */
  readonly done: string;
  /** What else is told of one, after that. */
  readonly note?: (name: string) => string;
  /** True when the disk comes back too. */
  readonly disk: boolean;
}

const MEASURE_TIMEOUT_MS = 5_000;

/** Ends environments side by side and tells what came back: what was measured as their own just before. */
export async function giveBack(
  cli: Cli,
  client: Client,
  names: readonly string[],
  options: OperationOptions,
  ending: Ending,
): Promise<void> {
  const stats = await Promise.all(names.map((name) => measure(client, name)));
  const starts = names.map((name) => () => ending.start(name));
  await runOperations(cli, client, starts, options, (operations) => {
    if (options.json === true) return cli.out.line(formatJson(operations));
    for (const operation of operations) {
      const name = operation.targets[0] ?? '';
      const measured = stats.find((one) => one?.name === name || one?.id === name);
      const note = ending.note?.(name) ?? '';
      cli.out.line(`${name} ${ending.done}${note}${returned(measured, ending.disk)}`);
    }
  });
}

/** `; back: 98 MiB of memory, 12 MiB of disk`, or nothing when nothing was measured. */
export function returned(stats: EnvironmentStats | undefined, disk: boolean): string {
  if (stats === undefined) return '';
  const parts = [
    ...(stats.ownBytes > 0 ? [`${formatBytes(stats.ownBytes)} of memory`] : []),
    ...(disk && stats.diskBytes > 0 ? [`${formatBytes(stats.diskBytes)} of disk`] : []),
  ];
  return parts.length === 0 ? '' : `; back: ${parts.join(', ')}`;
}

// Only for the words at the end: an environment that cannot be measured is ended all the same.
async function measure(client: Client, name: string): Promise<EnvironmentStats | undefined> {
  return client.environments.stats(name, { timeoutMs: MEASURE_TIMEOUT_MS }).catch(() => undefined);
}
