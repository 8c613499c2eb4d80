import { isText, type Value } from '../value.ts';

/**
 * What becomes of an element of a Compose file:
 * - `works`: as the Compose Specification says
 * - `differs`: it works in another way than the words suggest, or has no effect
 * - `refused`: the file is not accepted with it
 */
export type Verdict = 'works' | 'differs' | 'refused';

/** What is known of one element of the Compose Specification. */
export interface SupportRow {
  /**
   * Keys from the top of the file, joined by dots; `*` for a name of the user's own, `[]` for an item of a list. Those that
   * begin with `yaml.` are forms of writing that may stand anywhere.
   */
  readonly at: string;
  /** Which form of the element, where several are told apart. */
  readonly form?: string;
  readonly verdict: Verdict;
  /** How it differs, or why it is refused and what to do instead; at times a remark on one that works. */
  readonly words: string;
  /** A value of it, as YAML on one line. */
  readonly example: string;
  /** True for a refusal whose words depend on the file: the code that reads the element says them. */
  readonly saidByReader?: true;
  /** True for the values that the row speaks of; all by default. */
  readonly when?: (value: Value) => boolean;
}

/** Names a row: `services.*.restart always`. The test that shows it has this name. */
export function idOf({ at, form }: Pick<SupportRow, 'at' | 'form'>): string {
  return form === undefined ? at : `${at} ${form}`;
}

/** An element without its place: what {@link rowsBelow} gets. */
export type RowBody = Omit<SupportRow, 'at' | 'form'>;

/** Makes rows of elements that stand at one place. A key is `PATH`, or `PATH FORM`; `PATH = TEXT` speaks of that text alone. */
export function rowsBelow(place: string, bodies: Readonly<Record<string, RowBody>>): SupportRow[] {
  return Object.entries(bodies).map(([key, body]) => {
    const [path = '', ...form] = key.split(' ');
    const at = place === '' ? path : `${place}.${path}`;
    if (form.length === 0) return { at, ...body };
    const [sign, ...text] = form;
    if (sign !== '=') return { at, form: form.join(' '), ...body };
    return {
      at,
      form: text.join(' '),
      when: (value) => isText(value) && value.text === text.join(' '),
      ...body,
    };
  });
}

/** An element that works. */
export function works(example: string, words = '', when?: SupportRow['when']): RowBody {
  return body('works', example, words, when);
}

/** An element that works otherwise than it seems. */
export function differs(example: string, words: string, when?: SupportRow['when']): RowBody {
  return body('differs', example, words, when);
}

/** An element that is not accepted; the words go on after its name. */
export function refused(example: string, words: string, when?: SupportRow['when']): RowBody {
  return body('refused', example, words, when);
}

/** An element that the code which reads it does not accept, in words of its own. */
export function refusedByReader(example: string, words: string, when?: SupportRow['when']): RowBody {
  return { ...body('refused', example, words, when), saidByReader: true };
}

function body(
  verdict: Verdict,
  example: string,
  words: string,
  when: SupportRow['when'] | undefined,
): RowBody {
  return { verdict, example, words, ...(when === undefined ? {} : { when }) };
}

/** Values whose text matches. */
export function like(pattern: RegExp): (value: Value) => boolean {
  return (value) => isText(value) && pattern.test(value.text);
}

/** Values of one of the kinds. */
export function ofKind(...kinds: readonly Value['kind'][]): (value: Value) => boolean {
  return ({ kind }) => kinds.includes(kind);
}
