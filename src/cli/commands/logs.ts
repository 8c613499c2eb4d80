import { Command } from 'commander';
import type { Client, LogQuery } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  withDaemon,
  withExamples,
  withJson,
  wholeNumber,
} from '../arguments/options.ts';
import { environmentName } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { createLogFormat, lastLines } from '../format/log-lines.ts';
import { stripControl } from '../terminal/escape.ts';

interface LogsOptions extends DaemonOptions, JsonOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly timestamps?: boolean;
  readonly console?: boolean;
}

export function define(cli: Cli): Command {
  const command = new Command('logs')
    .description("Show what services wrote, or the machine's console")
    .argument('[environment]', 'default: that of the project in the working directory')
    .argument('[service]', 'only this service (default: all)')
    .option('-f, --follow', 'go on as lines are written')
    .option('-n, --tail <lines>', 'only the last lines of each service', wholeNumber)
    .option('-t, --timestamps', 'give each line its time')
    .option('--console', "the machine's console instead, whatever its state")
    .action((given: string | undefined, service: string | undefined, options: LogsOptions) =>
      logs(cli, given, service, options),
    );
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth logs shop',
    'berth logs -f --tail 20 shop web',
    'berth logs --console shop',
  ]);
}

async function logs(
  cli: Cli,
  given: string | undefined,
  service: string | undefined,
  options: LogsOptions,
): Promise<void> {
  const name = await environmentName(given, cli);
  if (options.console === true) refuseForConsole(service, options);
  const client = await cli.connect(options);
  if (options.console === true) return showConsole(cli, client, name, options.tail);
  const leaving = new AbortController();
  const release = cli.interrupts.take(() => {
    cli.setExitCode(130);
    leaving.abort();
  });
  try {
    await showLines(cli, client, name, options, { ...logQuery(service, options), signal: leaving.signal });
  } finally {
    release();
  }
}

function logQuery(service: string | undefined, options: LogsOptions): LogQuery {
  return {
    follow: options.follow === true,
    timestamps: options.timestamps === true,
    ...(service === undefined ? {} : { service }),
    ...(options.tail === undefined ? {} : { tail: options.tail }),
  };
}

async function showLines(
  cli: Cli,
  client: Client,
  name: string,
  options: JsonOptions,
  query: LogQuery,
): Promise<void> {
  const services =
    query.service === undefined ? (await client.environments.get(name)).services.map((one) => one.name) : [];
  const format = createLogFormat(services, cli.out);
  for await (const line of client.environments.logs(name, query)) {
    cli.out.line(options.json === true ? JSON.stringify(line) : format(line));
  }
}

async function showConsole(cli: Cli, client: Client, name: string, tail: number | undefined): Promise<void> {
  const text = await client.environments.console(name);
  const lines = lastLines(text, tail);
  for (const line of lines) cli.out.line(cli.out.isTerminal ? stripControl(line) : line);
}

function refuseForConsole(service: string | undefined, options: LogsOptions): void {
  const refused = [
    ...(service === undefined ? [] : ['a service']),
    ...(options.follow === true ? ['--follow'] : []),
    ...(options.timestamps === true ? ['--timestamps'] : []),
    ...(options.json === true ? ['--json'] : []),
  ];
  if (refused.length === 0) return;
  throw berthError('bad-request', `--console does not go with ${refused.join(', ')}`, {
    remedy: 'Leave out one of them: ./berth logs --console ENVIRONMENT',
  });
}
