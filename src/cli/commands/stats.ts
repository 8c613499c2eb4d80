import { Command } from 'commander';
import { formatBytes, formatDuration, sleep } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import type { EnvironmentStats } from '../../model/index.ts';
import {
  type DaemonOptions,
  duration,
  type JsonOptions,
  withDaemon,
  withExamples,
  withJson,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { type Column, formatTable } from '../format/table.ts';
import { createLiveLines } from '../terminal/live-lines.ts';
import { unique } from './change-state.ts';
import { printList } from './print-list.ts';

interface StatsOptions extends DaemonOptions, JsonOptions {
  readonly watch?: boolean;
  readonly interval: number;
}

export function define(cli: Cli): Command {
  const command = new Command('stats')
    .description('Measure the memory, CPU and disk of environments that run')
    .argument('[environment...]', 'default: all that run')
    .option('-w, --watch', 'measure again and again')
    .option('--interval <duration>', 'time between measurements', duration, 2000)
    .action((names: readonly string[], options: StatsOptions) => stats(cli, unique(names), options));
  withDaemon(withJson(command));
  return withExamples(command, ['berth stats', 'berth stats shop --watch', 'berth stats --json']);
}

async function stats(cli: Cli, names: readonly string[], options: StatsOptions): Promise<void> {
  const client = await cli.connect(options);
  if (options.watch === true) return watch(cli, client, names, options);
  printList(cli, await measure(client, names), columns(), options, {
    name: (one) => one.name,
    whenEmpty: 'No environment runs',
  });
}

async function measure(client: Client, names: readonly string[]): Promise<readonly EnvironmentStats[]> {
  if (names.length === 0) return client.environments.allStats();
  return Promise.all(names.map((name) => client.environments.stats(name)));
}

async function watch(
  cli: Cli,
  client: Client,
  names: readonly string[],
  options: StatsOptions,
): Promise<void> {
  const leaving = new AbortController();
  const release = cli.interrupts.take(() => {
    cli.setExitCode(130);
    leaving.abort();
  });
  const live = createLiveLines(cli.out);
  try {
    while (!leaving.signal.aborted) {
      const measured = await measure(client, names);
      const lines = options.json === true ? [formatJson(measured)] : formatTable(columns(), measured);
      if (cli.out.isTerminal && options.json !== true)
        live.show(
          [],
          lines.map((text) => ({ text })),
        );
      else for (const line of lines) cli.out.line(line);
      await sleep(options.interval, leaving.signal).catch(() => undefined);
    }
  } finally {
    release();
  }
}

function columns(): Column<EnvironmentStats>[] {
  return [
    { title: 'NAME', cell: (one) => one.name },
    { title: 'CPU', cell: (one) => `${one.cpuPercent.toFixed(1)} %`, align: 'right' },
    { title: 'CPU TIME', cell: (one) => formatDuration(one.cpuMs), align: 'right' },
    { title: 'OWN MEMORY', cell: (one) => formatBytes(one.ownBytes), align: 'right' },
    { title: 'SHARED', cell: (one) => formatBytes(one.sharedBytes), align: 'right' },
    {
      title: 'RECLAIMABLE',
      cell: ({ reclaimableBytes }) => (reclaimableBytes === undefined ? '-' : formatBytes(reclaimableBytes)),
      align: 'right',
    },
    { title: 'PSS', cell: (one) => formatBytes(one.pssBytes), align: 'right' },
    { title: 'DISK', cell: (one) => formatBytes(one.diskBytes), align: 'right' },
  ];
}
