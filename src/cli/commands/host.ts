import { Command } from 'commander';
import { berthError, registry } from '../../errors/index.ts';
import type { Finding, FindingLevel } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  type OperationOptions,
  withDaemon,
  withExamples,
  withJson,
  withOperation,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';
import { confirm } from '../terminal/confirm.ts';
import { escapeMetadata } from '../terminal/escape.ts';
import type { Style } from '../terminal/style.ts';

const REPORT_TIMEOUT_MS = 120_000;
const MARKS: Readonly<Record<FindingLevel, string>> = { ok: '✔', warning: '!', error: '✖' };

export function define(cli: Cli): Command {
  return new Command('host')
    .description('The server that Berth runs on')
    .addCommand(doctor(cli))
    .addCommand(setup(cli));
}

function doctor(cli: Cli): Command {
  const command = new Command('doctor')
    .description(
      'Tell what is there, what is missing and what is really usable; ends with 5 when something is missing',
    )
    .action(async (options: DaemonOptions & JsonOptions) => {
      const client = await cli.connect(options);
      const report = await client.host.report({ timeoutMs: REPORT_TIMEOUT_MS });
      if (!report.ok) cli.setExitCode(registry['host-setup-failed'].exitCode);
      if (options.json === true) return cli.out.line(formatJson(report));
      for (const finding of report.findings)
        for (const line of findingLines(finding, cli.out.style)) cli.out.line(line);
    });
  withDaemon(withJson(command));
  return withExamples(command, ['berth host doctor', 'berth host doctor --json']);
}

/** A finding as a person reads it, its remedy on a line of its own. */
export function findingLines(finding: Finding, style: Style): string[] {
  const paint = { ok: style.green, warning: style.yellow, error: style.red }[finding.level];
  const line = `${paint(MARKS[finding.level])} ${style.bold(finding.check)}: ${escapeMetadata(finding.message)}`;
  return finding.remedy === undefined
    ? [line]
    : [line, `    ${style.cyan('next:')} ${escapeMetadata(finding.remedy)}`];
}

interface SetupOptions extends OperationOptions {
  readonly yes?: boolean;
  readonly mergeMemory?: boolean;
}

function setup(cli: Cli): Command {
  const command = new Command('setup')
    .description('Install what is missing on the host; says which packages and why, and asks')
    .option('-y, --yes', 'do not ask')
    .option('--merge-memory', 'keep equal memory of environments that allow it once (KSM)')
    .option('--no-merge-memory', 'give every environment memory of its own again')
    .action((options: SetupOptions) => runSetup(cli, options));
  withOperation(command);
  return withExamples(command, [
    'sudo berth host setup',
    'sudo berth host setup --yes',
    'sudo berth host setup --merge-memory',
  ]);
}

async function runSetup(cli: Cli, options: SetupOptions): Promise<void> {
  const client = await cli.connect(options);
  const plan = await client.host.setupPlan({ timeoutMs: REPORT_TIMEOUT_MS });
  const say = (line: string): void => (options.json === true ? cli.err : cli.out).line(line);
  if (plan.packages.length > 0) {
    say('These Debian packages are missing and will be installed:');
    for (const { name, why } of plan.packages) say(`  ${name}: ${why}`);
    if (options.yes !== true && !(await confirm(cli, 'Install them?')))
      throw berthError('cancelled', 'Nothing was installed');
  }
  const { mergeMemory } = options;
  const wanted = mergeMemory === undefined ? {} : { mergeMemory };
  const operation = await runOperation(cli, client, () => client.host.setup(wanted), options);
  if (operation === undefined) return;
  if (options.json === true) return cli.out.line(formatJson(operation));
  cli.out.line('The host is ready; see: berth host doctor');
}
