import { Command } from 'commander';
import { type OperationOptions, withExamples, withOperation } from '../arguments/options.ts';
import { type Cli, ReportedFailure } from '../cli.ts';
import { formatAge } from '../format/age.ts';
import { formatJson } from '../format/json.ts';
import { runOperation } from '../operation/run.ts';

/** As of a command that found a machine or its files in disorder. */
const DAMAGED = 7;

export function define(cli: Cli): Command {
  const command = new Command('scrub')
    .description(
      'Tell whether templates, images and what environments saved is still what was saved; ends with 7 when not',
    )
    .option('--now', 'read all of it now, instead of telling what the daemon found last')
    .action((options: OperationOptions & { readonly now?: boolean }) => scrub(cli, options));
  withOperation(command);
  return withExamples(command, ['berth scrub', 'berth scrub --now']);
}

async function scrub(cli: Cli, options: OperationOptions & { readonly now?: boolean }): Promise<void> {
  const client = await cli.connect(options);
  if (options.now === true) {
    const operation = await runOperation(cli, client, () => client.scrub.start(), options);
    if (operation === undefined) return;
  }
  const report = await client.scrub.report();
  if (options.json === true) cli.out.line(formatJson(report));
  else {
    const { templates, images, environments, endedAt, damaged } = report;
    const read = `${templates} templates, ${images} images and what ${environments} environments left`;
    const found = damaged.length === 0 ? 'all is as it was saved' : `${damaged.length} damaged`;
    cli.out.line(`${found}; read ${formatAge(endedAt, Date.now())} ago: ${read}`);
    for (const { kind, name, message, remedy } of damaged) {
      cli.out.line(`${kind} ${name}: ${message}`);
      cli.out.line(`  next: ${remedy}`);
    }
  }
  if (report.damaged.length > 0) throw new ReportedFailure(DAMAGED);
}
