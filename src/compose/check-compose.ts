import type { ComposeOptions, ComposeProblem, ComposeReading, FileReference } from './compose-project.ts';
import type { LocatedElement } from './elements.ts';
import { parseValues } from './parse-compose.ts';
import type { ProblemList } from './problem-list.ts';
import { idOf, type Verdict } from './support/row.ts';
import { readValues } from './value-reader.ts';
import { readYaml } from './yaml-source.ts';

/** What becomes of one element of a file. */
export interface CheckedElement {
  /** Where it is: `services.web.ports[0]`, or a form of writing such as `<<`. */
  readonly path: string;
  /** `invalid` is a mistake in the file; the rest as in the matrix of `docs/compose.md`. */
  readonly verdict: Verdict | 'invalid';
  /** How it differs, why it is refused, what is wrong; may be empty when it works. */
  readonly message: string;
  /** From 1; absent when the file as a whole is meant. */
  readonly line?: number;
  readonly column?: number;
  /** The matrix's name for it: `services.*.ports[] HOST:CONTAINER`; absent for mistakes that have no row. */
  readonly element?: string;
}

/** What {@link checkCompose} found. */
export interface ComposeCheck {
  /** Everything in the file that the matrix knows, and everything that is wrong with it, in the file's order. */
  readonly elements: readonly CheckedElement[];
  /** Files of the host that it needs; none when something is wrong with it. */
  readonly files: readonly FileReference[];
}

const VERDICTS = { invalid: 'invalid', unsupported: 'refused', warning: 'differs' } as const;

/**
 * Says what becomes of each element of a file, all problems at once. What `parseCompose` says of a place goes before what the table
 * says, so that this and `up` are of one mind. Never throws; ends within two seconds whatever the text is.
 */
export function checkCompose(text: string, options: ComposeOptions): ComposeCheck {
  const { root, problems: list } = readYaml(text);
  const unread: ComposeReading = { problems: list.errors(), warnings: [] };
  const { reading, elements: located } =
    root === undefined
      ? { reading: unread, elements: [] }
      : parseValues(readValues(root, options, list), options, list);
  const said = [...reading.problems, ...reading.warnings];
  const settled = new Set(said.map(({ path }) => path));
  const elements = [
    ...located
      .filter(({ path, row }) => !settled.has(path) && row.saidByReader !== true)
      .map((element) => fromTable(element, list)),
    ...said.map((problem) => fromProblem(problem, located)),
  ].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { elements, files: reading.project?.files ?? [] };
}

function fromTable({ row, path, offset }: LocatedElement, lines: ProblemList): CheckedElement {
  return { path, verdict: row.verdict, message: row.words, ...lines.placeOf(offset), element: idOf(row) };
}

function fromProblem(problem: ComposeProblem, located: readonly LocatedElement[]): CheckedElement {
  const { kind, path, message, line, column } = problem;
  const verdict = VERDICTS[kind];
  const rows = located.filter((element) => element.path === path).map(({ row }) => row);
  const row = rows.find((each) => each.verdict === verdict) ?? rows[0];
  return {
    ...{ path, verdict, message },
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(row === undefined ? {} : { element: idOf(row) }),
  };
}
