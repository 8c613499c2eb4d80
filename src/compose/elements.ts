import type { ComposeOptions } from './compose-project.ts';
import type { SupportRow } from './support/row.ts';
import { supportTable } from './support/table.ts';
import type { ReadValues } from './value-reader.ts';
import { isActive } from './profiles.ts';
import type { Value } from './value.ts';

/** One place of a file of which a row of the table speaks. */
export interface LocatedElement {
  readonly row: SupportRow;
  /** Where it is, with the names of the file: `services.web.ports[0]`. */
  readonly path: string;
  /** Position in the text. */
  readonly offset: number;
}

/** The table's rows by the keys that lead to them. */
interface Branch {
  readonly rows: SupportRow[];
  readonly below: Map<string, Branch>;
}

const tree = plant(supportTable);
const service = tree.below.get('services')?.below.get('*');

/**
 * Every element of a file that the table knows, each place once however many aliases and merge keys lead to it. Services whose
 * profiles are not active count as one element each: nothing becomes of what is in them. Linear in the size of the file.
 */
export function elementsOf({ value, forms }: ReadValues, options: ComposeOptions): LocatedElement[] {
  if (value === undefined) return [];
  const walk = new Walk(options);
  walk.visit(value, tree, '', value.place.start);
  for (const { form, offset } of forms) walk.note(tree.below.get('yaml')?.below.get(form), form, offset);
  return walk.found;
}

class Walk {
  readonly found: LocatedElement[] = [];
  readonly #options: ComposeOptions;
  readonly #seen = new Map<Branch, Set<Value>>();
  readonly #noted = new Map<SupportRow, Set<number>>();

  constructor(options: ComposeOptions) {
    this.#options = options;
  }

  visit(value: Value, branch: Branch, path: string, offset: number): void {
    for (const row of branch.rows) if (row.when?.(value) ?? true) this.#add(row, path, offset);
    if (branch.below.size === 0 || this.#isKnown(branch, value)) return;
    if (branch === service && !isActive(value, this.#options)) return;
    if (value.kind === 'list') {
      const next = branch.below.get('[]');
      if (next === undefined) return;
      value.items.forEach((item, index) => this.visit(item, next, `${path}[${index}]`, item.place.start));
    }
    if (value.kind !== 'map') return;
    for (const entry of value.entries.values()) {
      const next = branch.below.get(entry.key.startsWith('x-') ? 'x-*' : entry.key) ?? branch.below.get('*');
      const below = path === '' ? entry.key : `${path}.${entry.key}`;
      if (next !== undefined) this.visit(entry.value, next, below, entry.keyPlace.start);
    }
  }

  /** A form of writing, which has no path of its own. */
  note(branch: Branch | undefined, form: string, offset: number): void {
    for (const row of branch?.rows ?? []) this.#add(row, form, offset);
  }

  #add(row: SupportRow, path: string, offset: number): void {
    const places = this.#noted.get(row) ?? new Set();
    this.#noted.set(row, places);
    if (places.has(offset)) return;
    places.add(offset);
    this.found.push({ row, path, offset });
  }

  #isKnown(branch: Branch, value: Value): boolean {
    const values = this.#seen.get(branch) ?? new Set();
    this.#seen.set(branch, values);
    if (values.has(value)) return true;
    values.add(value);
    return false;
  }
}

function plant(rows: readonly SupportRow[]): Branch {
  const top: Branch = { rows: [], below: new Map() };
  for (const row of rows) {
    let branch = top;
    for (const key of keysOf(row.at)) {
      const next: Branch = branch.below.get(key) ?? { rows: [], below: new Map() };
      branch.below.set(key, next);
      branch = next;
    }
    branch.rows.push(row);
  }
  return top;
}

/** `services.*.ports[]` → `services`, `*`, `ports`, `[]`. What follows `yaml.` is one key, whatever is in it. */
function keysOf(at: string): string[] {
  if (at.startsWith('yaml.')) return ['yaml', at.slice('yaml.'.length)];
  return at.replaceAll('[]', '.[]').split('.');
}
