import { formatBytes, formatDuration } from '../../src/base/index.ts';
import { type Column, formatTable, type Output } from '../../src/cli/index.ts';
import type { Client } from '../../src/client/index.ts';
import type { Answering } from './shop.ts';

interface Row extends Answering {
  readonly ownBytes: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ENVIRONMENT', cell: (row) => row.environment.name },
  { title: 'ADDRESS', cell: (row) => row.url },
  { title: 'ANSWER (VISITS)', cell: (row) => String(row.visits), align: 'right' },
  { title: 'CALL TO FIRST HTTP 200', cell: (row) => formatDuration(row.firstAnswerMs), align: 'right' },
  { title: 'OWN MEMORY', cell: (row) => formatBytes(row.ownBytes), align: 'right' },
];

/** The table of what runs now, and what was proved of it. */
export async function printReport(
  out: Output,
  client: Client,
  parent: Answering,
  forks: readonly Answering[],
  proof: readonly string[],
): Promise<void> {
  const stats = await client.environments.allStats();
  const rows = [parent, ...forks].map((one) => ({
    ...one,
    ownBytes: stats.find((stat) => stat.id === one.environment.id)?.ownBytes ?? 0,
  }));
  out.line();
  for (const line of formatTable(COLUMNS, rows, { head: out.style.bold })) out.line(line);
  out.line();
  for (const line of proof) out.line(`${out.style.green('✔')} ${line}`);
  const version = await client.version();
  if (version.accelerator === 'tcg') {
    out.line(
      out.style.yellow(
        '! this host emulates (no KVM): slower, and isolation of the guests is not guaranteed',
      ),
    );
  }
}

/** What to type next, and how to remove everything. */
export function printClosing(
  out: Output,
  parent: Answering,
  forks: readonly Answering[],
  totalMs: number,
): void {
  const { name } = parent.environment;
  const fork = forks[0]?.environment.name ?? name;
  const next: readonly (readonly [string, string])[] = [
    [`curl ${parent.url}`, 'visit the shop'],
    ['./berth ls', 'see every environment'],
    [`./berth fork ${name} --name try`, 'one more copy, now'],
    [`./berth exec -it ${fork} web -- sh`, 'look into a service of a fork'],
    [`./berth stats --watch`, 'memory, CPU and disk as they are'],
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  out.line();
  out.line(`Done in ${formatDuration(totalMs)}. Type next:`);
  for (const [command, what] of next) out.line(`  ${out.style.cyan(command.padEnd(width))}   ${what}`);
  out.line('Remove everything:');
  out.line(`  ${out.style.cyan('./berth down --all --purge')}`);
}
