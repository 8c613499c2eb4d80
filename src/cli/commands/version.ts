import { Command } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import type { VersionInfo } from '../../contract/index.ts';
import { asBerthError } from '../../errors/index.ts';
import { type JsonOptions, withExamples, withJson } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';

const DAEMON_TIMEOUT_MS = 5_000;

export function define(cli: Cli): Command {
  const command = new Command('version')
    .description('Show the version of this command and, when one runs, of the daemon')
    .action(async (options: JsonOptions) => {
      const daemon = await daemonVersion(cli);
      const own = { version: packageJson.version, node: process.versions.node };
      if (options.json === true)
        return cli.out.line(formatJson(daemon === undefined ? own : { ...own, daemon }));
      cli.out.line(`berth ${own.version} (node ${own.node})`);
      if (daemon !== undefined) cli.out.line(daemonLine(daemon));
    });
  withJson(command);
  return withExamples(command, ['berth version', 'berth version --json']);
}

function daemonLine(daemon: VersionInfo): string {
  const parts = [`node ${daemon.node}`];
  if (daemon.qemuVersion !== undefined) parts.push(`qemu ${daemon.qemuVersion}`);
  if (daemon.accelerator !== undefined) parts.push(daemon.accelerator);
  return `daemon ${daemon.version} (${parts.join(', ')})`;
}

async function daemonVersion(cli: Cli): Promise<VersionInfo | undefined> {
  try {
    const client = await cli.connect({ autostart: false });
    return await client.version({ timeoutMs: DAEMON_TIMEOUT_MS });
  } catch (error) {
    const { code } = asBerthError(error);
    if (code === 'daemon-not-running' || code === 'not-root') return undefined;
    throw error;
  }
}
