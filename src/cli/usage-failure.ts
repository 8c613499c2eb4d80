import type { ShownFailure } from './format/failure.ts';

/**
 * What commander says of a wrong command line, in the form of every other error. `path` is the command that was called
 * as far as it is known: `berth image`.
 */
export function usageFailure(text: string, path: string): ShownFailure {
  const [first = '', ...rest] = text.trim().split('\n');
  const message = first.replace(/^error: /, '');
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(' ').trim())?.[1];
  if (suggestion === undefined) return { message, remedy: `${path} --help` };
  const suggested = suggestion.replace(/^one of /, '');
  return { message, remedy: `Did you mean ${suggested}? See ${path} --help` };
}
