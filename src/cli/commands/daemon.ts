import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import { asBerthError } from '../../errors/index.ts';
import { duration, type JsonOptions, withExamples, withJson } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../format/age.ts';
import { formatFacts } from '../format/facts.ts';
import { formatJson } from '../format/json.ts';
import { homePaths } from '../transport/home.ts';
import { stopDaemon } from '../transport/stop-daemon.ts';

const STOP_TIMEOUT_MS = 30_000;

export function define(cli: Cli): Command {
  return new Command('daemon')
    .description('The process that looks after environments')
    .addCommand(status(cli))
    .addCommand(stop(cli))
    .addCommand(restoreStore());
}

function status(cli: Cli): Command {
  const command = new Command('status')
    .description('Show the daemon; ends with 6 when none runs')
    .action(async (options: JsonOptions) => {
      const client = await cli.connect({ autostart: false });
      const [daemon, version] = await Promise.all([client.daemon.status(), client.version()]);
      if (options.json === true)
        return cli.out.line(formatJson({ ...daemon, socket: homePaths(cli.env).socket }));
      const facts: (readonly [string, string])[] = [
        ['process', String(daemon.pid)],
        ['version', daemon.version],
        ['started', `${daemon.startedAt} (${formatAge(daemon.startedAt, Date.now())} ago)`],
        ['home', daemon.home],
        ['socket', homePaths(cli.env).socket],
        ['memory', formatBytes(daemon.rssBytes)],
        ['environments', `${daemon.environments}, ${daemon.running} of them running`],
        ...(version.qemuVersion === undefined ? [] : [['qemu', version.qemuVersion] as const]),
        ...(version.accelerator === undefined ? [] : [['accelerator', version.accelerator] as const]),
      ];
      for (const line of formatFacts(facts, cli.out.style.dim)) cli.out.line(line);
    });
  withJson(command);
  return withExamples(command, ['berth daemon status', 'berth daemon status --json']);
}

function stop(cli: Cli): Command {
  const command = new Command('stop')
    .description('Stop the daemon; machines go on and are adopted by the next one')
    .option('--timeout <duration>', 'how long to wait for its end', duration, STOP_TIMEOUT_MS)
    .action(async (options: { readonly timeout: number }) => {
      const pid = await stopIfRunning(cli, options.timeout);
      cli.out.line(pid === undefined ? 'no daemon runs' : `daemon ${pid} stopped; machines go on`);
    });
  return withExamples(command, ['berth daemon stop']);
}

/** Only the help: it is done by `src/main.ts`, without a daemon, which would not start. */
function restoreStore(): Command {
  const command = new Command('restore-store')
    .description('Put a copy in the place of a damaged store, while no daemon runs; what was there is kept')
    .argument('[copy]', 'which one (default: the newest that is whole)')
    .option('--list', 'list the copies, newest first');
  return withExamples(command, ['sudo berth daemon restore-store --list', 'sudo berth daemon restore-store']);
}

async function stopIfRunning(cli: Cli, timeoutMs: number): Promise<number | undefined> {
  try {
    const client = await cli.connect({ autostart: false });
    return await stopDaemon(client, { timeoutMs });
  } catch (error) {
    if (asBerthError(error).code === 'daemon-not-running') return undefined;
    throw error;
  }
}
