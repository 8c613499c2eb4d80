import { LineCounter } from 'yaml';
import { type ComposeProblem, type ComposeProblemKind, MAX_PROBLEMS } from './compose-project.ts';

/** Beyond this nothing is noted: it bounds the time that a hostile file takes. */
const MAX_KEPT = 5_000;

/** Collects what is wrong with a file, with the line and column of each. */
export class ProblemList {
  readonly #lines: LineCounter;
  readonly #found: ComposeProblem[] = [];
  readonly #seen = new Set<string>();
  readonly #broken = new Set<number>();

  constructor(lines: LineCounter = new LineCounter()) {
    this.#lines = lines;
  }

  /** `offset` is a position in the text; a problem that was already reported at that place is left out. */
  add(kind: ComposeProblemKind, path: string, message: string, offset: number | undefined): void {
    const key = `${kind}\0${path}\0${message}\0${offset ?? ''}`;
    if (this.#seen.has(key) || (offset !== undefined && this.#broken.has(offset))) return;
    if (this.#seen.size >= MAX_KEPT) return;
    this.#seen.add(key);
    this.#found.push({ kind, path, message, ...this.placeOf(offset) });
  }

  /** Line and column of a position, both from 1; neither when it has none. */
  placeOf(offset: number | undefined): Pick<ComposeProblem, 'line' | 'column'> {
    const place = offset === undefined ? undefined : this.#lines.linePos(offset);
    return place === undefined || place.line === 0 ? {} : { line: place.line, column: place.col };
  }

  /** The value at `offset` could not be read: whatever else is said about it would only confuse. */
  ignoreFurther(offset: number): void {
    this.#broken.add(offset);
  }

  get hasErrors(): boolean {
    return this.#found.some((problem) => problem.kind !== 'warning');
  }

  errors(): ComposeProblem[] {
    return capped(this.#found.filter((problem) => problem.kind !== 'warning'));
  }

  warnings(): ComposeProblem[] {
    return capped(this.#found.filter((problem) => problem.kind === 'warning'));
  }
}

function capped(found: readonly ComposeProblem[]): ComposeProblem[] {
  const sorted = found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (sorted.length <= MAX_PROBLEMS) return sorted;
  const kept = sorted.slice(0, MAX_PROBLEMS - 1);
  const kind = kept[0]?.kind ?? 'invalid';
  return [...kept, { kind, path: 'file', message: `and ${sorted.length - kept.length} more problems` }];
}
