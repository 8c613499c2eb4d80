import { berthError } from '../errors/index.ts';

const NEEDS_NO_QUOTES = /^[A-Za-z0-9@%+=:,./_-]+$/;

/**
 * One line for a POSIX shell that runs exactly `argv`. SSH carries a command line, not arguments, and the guest's
 * shell splits it; within single quotes nothing has a meaning but the single quote itself.
 * @throws `bad-request` for an empty list or a NUL, which no argument can hold
 */
export function quoteForShell(argv: readonly string[]): string {
  if (argv.length === 0) throw berthError('bad-request', 'a command needs at least a program');
  if (argv.some((word) => word.includes('\0')))
    throw berthError('bad-request', 'an argument cannot hold a NUL character');
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string, index: number): string {
  // A first word like `A=b` would be taken for an assignment.
  const plain = NEEDS_NO_QUOTES.test(word) && !(index === 0 && word.includes('='));
  return plain ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
