import { formatDuration } from '../../base/index.ts';
import type { Environment, Operation } from '../../model/index.ts';
import type { Cli } from '../cli.ts';
import { describeEnvironment, paintState, portLine } from '../format/environment-lines.ts';
import { formatFacts } from '../format/facts.ts';

/** What `up` and `start` end with: state, address and ports. */
export function printReady(cli: Cli, environment: Environment, operation: Operation): void {
  const { style } = cli.out;
  const took =
    operation.endedAt === undefined
      ? undefined
      : Date.parse(operation.endedAt) - Date.parse(operation.createdAt);
  const within = took === undefined ? '' : ` after ${formatDuration(took)}`;
  const state = paintState(environment.state, style)(environment.state);
  cli.out.line(`${style.bold(environment.name)} is ${state} at ${style.bold(environment.address)}${within}`);
  for (const port of environment.ports) cli.out.line(`  ${portLine(port)}`);
  if (environment.reason !== undefined) cli.out.line(`  ${environment.reason}`);
}

/** All that is known of an environment, one fact a line. */
export function printEnvironment(cli: Cli, environment: Environment): void {
  for (const line of formatFacts(describeEnvironment(environment, Date.now()), cli.out.style.dim))
    cli.out.line(line);
}
