import { CommanderError } from 'commander';
import type { Client } from '../../../src/client/index.ts';
import type { Cli } from '../../../src/cli/cli.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { createFakeOutput, type FakeOutput } from './fake-output.ts';

/** What a command did. */
export interface FakeRun {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
  /** Usage errors as commander words them. */
  readonly usage: string;
}

/** A `Cli` for tests, with the client given and outputs that remember. */
export function createFakeCli(
  client: Partial<Client>,
): Cli & { out: FakeOutput; err: FakeOutput; exitCode(): number } {
  let exitCode = 0;
  return {
    env: {},
    cwd: '/proc',
    out: createFakeOutput({ columns: 200 }),
    err: createFakeOutput({ columns: 200 }),
    interrupts: { take: () => () => undefined },
    // Tests give the parts that their command uses; any other is a TypeError and fails the test.
    connect: async () => client as Client,
    setExitCode: (code) => {
      exitCode = code;
    },
    exitCode: () => exitCode,
  };
}

/** Runs one command line against a client; errors go through. */
export async function runFake(client: Partial<Client>, ...argv: string[]): Promise<FakeRun> {
  const cli = createFakeCli(client);
  let usage = '';
  const program = await createProgram(cli, argv, (text) => {
    usage += text;
  });
  await program.parseAsync(argv, { from: 'user' }).catch((error: unknown) => {
    if (usage === '' && !(error instanceof CommanderError && error.exitCode === 0)) throw error;
  });
  return { out: cli.out.text(), err: cli.err.text(), exitCode: cli.exitCode(), usage };
}
