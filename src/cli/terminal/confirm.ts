import { createInterface } from 'node:readline/promises';
import { berthError } from '../../errors/index.ts';
import type { Cli } from '../cli.ts';

/** Asks a question that is answered with yes or no; no by default. Throws `bad-request` when nobody can answer. */
export async function confirm(cli: Cli, question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    throw berthError(
      'bad-request',
      'This asks before it begins, and nobody can answer: standard input is not a terminal',
      {
        remedy: 'Run the command again with --yes.',
      },
    );
  }
  const leaving = new AbortController();
  const release = cli.interrupts.take(() => leaving.abort());
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.once('SIGINT', () => leaving.abort());
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: leaving.signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    release();
    lines.close();
  }
}
