import { CommanderError } from 'commander';
import { asBerthError } from '../errors/index.ts';
import { catalogue } from './catalogue.ts';
import { type Cli, ReportedFailure } from './cli.ts';
import { createProcessCli, type ProcessCli } from './process-cli.ts';
import { createProgram } from './program.ts';
import { formatFailure } from './format/failure.ts';
import { formatJson } from './format/json.ts';
import { usageFailure } from './usage-failure.ts';

const USAGE_EXIT = 2;

/** Runs one command line, without the program's name; gives the exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  using cli = createProcessCli();
  try {
    await runCommand(cli, argv);
    return cli.exitCode;
  } catch (error) {
    return report(cli, argv, error);
  }
}

async function runCommand(cli: ProcessCli, argv: readonly string[]): Promise<void> {
  const program = await createProgram(cli, argv, (text) => {
    for (const line of formatFailure(usageFailure(text, commandPath(argv)), cli.err.style))
      cli.err.line(line);
  });
  if (argv.length === 0) return program.outputHelp();
  const words = argv[0] === '--version' || argv[0] === '-V' ? ['version', ...argv.slice(1)] : argv;
  await program.parseAsync([...words], { from: 'user' });
}

function report(cli: Cli, argv: readonly string[], error: unknown): number {
  if (error instanceof ReportedFailure) return error.exitCode;
  // Commander has said already what it had to say; asked-for help and versions come this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
  const failure = asBerthError(error);
  if (wantsJson(argv)) cli.err.line(formatJson({ error: failure.toFailure() }));
  else for (const line of formatFailure(failure, cli.err.style)) cli.err.line(line);
  if (failure.code === 'internal' && cli.env['BERTH_DEBUG'] !== undefined)
    cli.err.line(String(failure.stack));
  return failure.exitCode;
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** `./berth image` for `image biuld`, as far as the words are commands. */
function commandPath(argv: readonly string[]): string {
  const [first] = argv;
  return catalogue.some((entry) => entry.name === first) ? `./berth ${first}` : './berth';
}
