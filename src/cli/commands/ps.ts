import { Command } from 'commander';
import { environmentName } from '../arguments/project.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  type QuietOptions,
  withDaemon,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { serviceColumns } from '../format/environment-lines.ts';
import { printList } from './print-list.ts';

export function define(cli: Cli): Command {
  const command = new Command('ps')
    .description('List the services of an environment')
    .argument('[environment]', 'default: that of the project in the working directory')
    .action((environment: string | undefined, options: PsOptions) => ps(cli, environment, options));
  withDaemon(withQuiet(withJson(command)));
  return withExamples(command, ['berth ps shop', 'berth ps shop --json']);
}

type PsOptions = DaemonOptions & JsonOptions & QuietOptions;

async function ps(cli: Cli, given: string | undefined, options: PsOptions): Promise<void> {
  const name = await environmentName(given, cli);
  const client = await cli.connect(options);
  const environment = await client.environments.get(name);
  const runs =
    environment.state === 'running' || environment.state === 'degraded' || environment.state === 'starting';
  const services = runs ? await client.environments.services(name) : environment.services;
  if (!runs) cli.err.line(`note: ${name} is ${environment.state}; this is how its services were last seen`);
  printList(cli, services, serviceColumns(environment.ports, cli.out.style, Date.now()), options, {
    name: (one) => one.name,
    whenEmpty: `${name} has no services`,
  });
}
