import { escapeMetadata } from '../terminal/escape.ts';
import type { Style } from '../terminal/style.ts';

/** What is shown of an error; model's `Failure` and `BerthError` both have it. */
export interface ShownFailure {
  readonly message: string;
  readonly remedy: string;
  readonly problems?: readonly ShownProblem[];
}

/** One problem of a file or of a request. */
export interface ShownProblem {
  readonly path: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  /** The file in which `line` is. */
  readonly file?: string;
}

/** `error: …`, one line per problem with its place, then `  next: …`. `file` is what line numbers refer to. */
export function formatFailure(failure: ShownFailure, style: Style): string[] {
  const lines = [`${style.bold(style.red('error:'))} ${escapeLines(failure.message)}`];
  for (const problem of failure.problems ?? []) lines.push(`  ${formatProblem(problem)}`);
  if (failure.remedy !== '') lines.push(`  ${style.cyan('next:')} ${escapeLines(failure.remedy)}`);
  return lines;
}

function formatProblem(problem: ShownProblem): string {
  const place = [
    problem.line === undefined ? undefined : (problem.file ?? 'file'),
    problem.line,
    problem.column,
  ]
    .filter((part) => part !== undefined)
    .join(':');
  const where = [place, problem.path].filter((part) => part !== '').join(' ');
  return where === ''
    ? escapeLines(problem.message)
    : `${escapeMetadata(where)}: ${escapeLines(problem.message)}`;
}

// Line ends may stand in a message (the last lines of a log); everything else is made visible.
function escapeLines(text: string): string {
  return text.trimEnd().split('\n').map(escapeMetadata).join('\n    ');
}
