import { Command } from 'commander';
import type { BerthEvent } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  withDaemon,
  withExamples,
  withJson,
  wholeNumber,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { escapeMetadata } from '../terminal/escape.ts';
import type { Style } from '../terminal/style.ts';

interface EventsOptions extends DaemonOptions, JsonOptions {
  readonly follow?: boolean;
  readonly after?: number;
}

export function define(cli: Cli): Command {
  const command = new Command('events')
    .description('Show what happened; one JSON object a line with --json')
    .option('-f, --follow', 'go on as events happen')
    .option('--after <sequence>', 'only events after this one', wholeNumber)
    .action((options: EventsOptions) => events(cli, options));
  withDaemon(withJson(command));
  return withExamples(command, ['berth events', 'berth events -f', 'berth events -f --json']);
}

async function events(cli: Cli, options: EventsOptions): Promise<void> {
  const client = await cli.connect(options);
  const leaving = new AbortController();
  const release = cli.interrupts.take(() => {
    cli.setExitCode(130);
    leaving.abort();
  });
  try {
    const after = options.after === undefined ? {} : { after: options.after };
    const stream = client.events.stream({
      follow: options.follow === true,
      signal: leaving.signal,
      ...after,
    });
    for await (const event of stream)
      cli.out.line(options.json === true ? JSON.stringify(event) : eventLine(event, cli.out.style));
  } finally {
    release();
  }
}

/** `2026-01-02T03:04:05.678Z  environment.ready  shop  …` */
export function eventLine(event: BerthEvent, style: Style): string {
  const { at, kind, subject, message } = event;
  return [
    style.dim(escapeMetadata(at)),
    style.cyan(escapeMetadata(kind)),
    style.bold(escapeMetadata(subject)),
    escapeMetadata(message),
  ].join('  ');
}
