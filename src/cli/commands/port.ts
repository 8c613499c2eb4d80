import { Command } from 'commander';
import { berthError } from '../../errors/index.ts';
import type { Environment, PublishedPort } from '../../model/index.ts';
import {
  type DaemonOptions,
  type JsonOptions,
  positiveInteger,
  withDaemon,
  withExamples,
  withJson,
} from '../arguments/options.ts';
import { environmentName } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { endpoint, portLine } from '../format/environment-lines.ts';
import { formatJson } from '../format/json.ts';

export function define(cli: Cli): Command {
  const command = new Command('port')
    .description('Show where ports are published')
    .argument('[environment]', 'default: that of the project in the working directory')
    .argument('[service]', 'only this service, or this container')
    .argument('[port]', 'only this port of the container', positiveInteger)
    .action(
      async (
        given: string | undefined,
        service: string | undefined,
        port: number | undefined,
        options: PortOptions,
      ) => {
        const name = await environmentName(given, cli);
        const client = await cli.connect(options);
        const ports = selectPorts(await client.environments.get(name), service, port);
        if (options.json === true) return cli.out.line(formatJson(ports));
        for (const one of ports) cli.out.line(service === undefined ? portLine(one) : endpoint(one));
      },
    );
  withDaemon(withJson(command));
  return withExamples(command, [
    'berth port shop',
    'berth port shop web 80',
    'curl http://$(berth port shop web 80)/',
  ]);
}

type PortOptions = DaemonOptions & JsonOptions;

/** Ports of an environment, of one service, of one of its ports. Throws `not-found` when what is named has none. */
export function selectPorts(
  environment: Environment,
  service?: string,
  port?: number,
): readonly PublishedPort[] {
  const ports = environment.ports.filter(
    (one) =>
      (service === undefined || one.service === service || one.container === service) &&
      (port === undefined || one.containerPort === port),
  );
  if (ports.length > 0 || service === undefined) return ports;
  const what =
    port === undefined ? `${service} publishes no port` : `${service} does not publish port ${port}`;
  throw berthError('not-found', `${what} in ${environment.name}`, {
    remedy: `See what is published with ./berth port ${environment.name}`,
  });
}
