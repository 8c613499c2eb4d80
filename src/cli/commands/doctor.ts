import { Command } from 'commander';
import { formatBytes } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Difference, DoctorReport } from '../../model/index.ts';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';
import { assertNoTerminal, saveOutput } from '../terminal/archive-streams.ts';
import { escapeMetadata } from '../terminal/escape.ts';
import type { Style } from '../terminal/style.ts';

/** As `diff` does: something differs. */
const DIFFERS = 1;
const REPORT_TIMEOUT_MS = 120_000;

interface DoctorOptions extends OperationOptions {
  readonly repair?: boolean;
  readonly bundle?: string;
}

export function define(cli: Cli): Command {
  const command = new Command('doctor')
    .description('Compare what is written down with what is on the host; ends with 1 when something differs')
    .option('--repair', 'mend what differs, as the daemon does by itself within a minute')
    .option(
      '--bundle <file>',
      'write logs, events and reports without secrets into a tar.gz; - is standard output',
    )
    .action((options: DoctorOptions) => doctor(cli, options));
  withOperation(command);
  return withExamples(command, [
    'berth doctor',
    'berth doctor --repair',
    'berth doctor --json',
    'berth doctor --bundle berth-support.tar.gz',
  ]);
}

async function doctor(cli: Cli, options: DoctorOptions): Promise<void> {
  if (options.bundle !== undefined && options.repair === true)
    throw berthError('bad-request', '--bundle and --repair are two things', {
      remedy: 'Write the bundle first: it shows what differs.',
    });
  if (options.bundle !== undefined) return writeBundle(cli, options.bundle, options);
  const client = await cli.connect(options);
  if (options.repair === true) return repair(cli, client, options);
  const report = await client.doctor.report({ timeoutMs: REPORT_TIMEOUT_MS });
  show(cli, report, options, 'It is mended within a minute, or now: berth doctor --repair');
}

async function repair(cli: Cli, client: Client, options: DoctorOptions): Promise<void> {
  const operation = await runOperation(cli, client, () => client.doctor.repair(), options);
  if (operation === undefined) return;
  const report = await client.doctor.report({ timeoutMs: REPORT_TIMEOUT_MS });
  const mended = operation.result?.names ?? [];
  if (options.json === true) {
    if (!report.ok) cli.setExitCode(DIFFERS);
    return cli.out.line(formatJson({ mended, ...report }));
  }
  for (const what of mended) cli.out.line(`${cli.out.style.green('✔')} mended: ${escapeMetadata(what)}`);
  show(cli, report, options, 'This is left.');
}

function show(cli: Cli, report: DoctorReport, options: DoctorOptions, afterwards: string): void {
  if (!report.ok) cli.setExitCode(DIFFERS);
  if (options.json === true) return cli.out.line(formatJson(report));
  if (report.ok) {
    const count = report.environments === 1 ? '1 environment' : `${report.environments} environments`;
    return cli.out.line(`Nothing differs; ${count} looked at. The host itself: berth host doctor`);
  }
  for (const difference of report.differences)
    for (const line of differenceLines(difference, cli.out.style)) cli.out.line(line);
  cli.out.line(afterwards);
}

/** A difference as a person reads it, with what is done about it on a line of its own. */
export function differenceLines(
  { subject, message, repair: mending, remedy }: Difference,
  style: Style,
): string[] {
  const line = `${style.yellow('!')} ${style.bold(escapeMetadata(subject))}: ${escapeMetadata(message)}`;
  if (remedy !== undefined) return [line, `    ${style.cyan('next:')} ${escapeMetadata(remedy)}`];
  return mending === undefined ? [line] : [line, `    ${style.cyan('repair:')} ${escapeMetadata(mending)}`];
}

async function writeBundle(cli: Cli, path: string, options: DoctorOptions): Promise<void> {
  assertNoTerminal(path, process.stdout, '--bundle');
  const client = await cli.connect(options);
  const remote = await client.doctor.bundle();
  const release = cli.interrupts.take(() => remote.close());
  try {
    const bytes = await saveOutput(remote, path);
    cli.err.line(`${path}: ${formatBytes(bytes)} written; have a look before you hand it on`);
  } finally {
    release();
    remote.close();
  }
}
