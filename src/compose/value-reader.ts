import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type ParsedNode,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { ComposeOptions } from './compose-project.ts';
import { interpolate } from './interpolation.ts';
import type { ProblemList } from './problem-list.ts';
import type { MapEntry, Place, TextValue, Value } from './value.ts';

/** Entries that merge keys may add to a file. */
const MAX_MERGED = 20_000;
/** Values that a file may stand for once its aliases are written out. */
const MAX_EXPANDED = 200_000;
const MAX_ALIASES = 1_000;

export interface ReadValues {
  /** Absent when aliases or merge keys are broken. */
  readonly value?: Value;
  /** Every variable that the file names. */
  readonly names: readonly string[];
  /** Forms of writing: aliases, merge keys, and ways to name variables. */
  readonly forms: readonly WritingForm[];
}

/** A form of writing that may stand anywhere, such as `<<` or `${A:-b}`, and where it is used. */
export interface WritingForm {
  readonly form: string;
  readonly offset: number;
}

/**
 * Resolves aliases and merge keys and fills in variables. Reports duplicate keys, aliases without an anchor, aliases that
 * contain themselves or that multiply the file, and broken or missing variables.
 */
export function readValues(root: ParsedNode, options: ComposeOptions, problems: ProblemList): ReadValues {
  const reader = new ValueReader(root, options, problems);
  const value = reader.read(root);
  reader.checkExpansion(value);
  return { ...(reader.sound ? { value } : {}), names: [...reader.names].toSorted(), forms: reader.forms };
}

class ValueReader {
  readonly names = new Set<string>();
  readonly forms: WritingForm[] = [];
  /** False when aliases or merge keys are broken. */
  sound = true;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #problems: ProblemList;
  readonly #targets: Map<Node, Node>;
  readonly #done = new Map<Node, Value>();
  readonly #open = new Set<Node>();
  #merged = 0;

  constructor(root: ParsedNode, options: ComposeOptions, problems: ProblemList) {
    this.#variables = options.variables;
    this.#problems = problems;
    this.#targets = aliasTargets(root, (message, offset) => this.#unsound(message, offset));
  }

  read(node: unknown): Value {
    if (!isNodeLike(node)) return nothing({ start: 0, end: 0 });
    const target = isAlias(node) ? this.#targets.get(node) : node;
    if (target === undefined) return nothing(placeOf(node));
    if (target !== node) this.forms.push({ form: '*alias', offset: placeOf(node).start });
    const known = this.#done.get(target);
    if (known !== undefined) return known;
    if (this.#open.has(target)) {
      this.#unsound('an alias contains itself', placeOf(node).start);
      return nothing(placeOf(node));
    }
    this.#open.add(target);
    const value = this.#readTarget(target);
    this.#open.delete(target);
    this.#done.set(target, value);
    return value;
  }

  #readTarget(node: Node): Value {
    const place = placeOf(node);
    if (isSeq(node)) return { kind: 'list', place, items: node.items.map((item) => this.read(item)) };
    if (isMap(node)) return { kind: 'map', place, entries: this.#readEntries(node.items) };
    if (isScalar(node)) return this.#readScalar(node, place);
    return nothing(place);
  }

  #readEntries(pairs: readonly Pair[]): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const sources: unknown[] = [];
    for (const pair of pairs) {
      const key = this.#readKey(pair);
      if (key === undefined) continue;
      if (key.isMerge) {
        sources.push(pair.value);
        this.forms.push({ form: '<<', offset: key.place.start });
      } else if (entries.has(key.text))
        this.#problems.add('invalid', key.text, `the key "${key.text}" is there twice`, key.place.start);
      else
        entries.set(key.text, {
          key: key.text,
          keyPlace: key.place,
          value: this.read(pair.value),
          own: true,
        });
    }
    for (const source of sources) this.#merge(entries, this.read(source));
    return entries;
  }

  #readKey(pair: Pair): { text: string; place: Place; isMerge: boolean } | undefined {
    const key = isAlias(pair.key) ? this.#targets.get(pair.key) : pair.key;
    const place = isNodeLike(pair.key) ? placeOf(pair.key) : { start: 0, end: 0 };
    if (!isScalar(key)) {
      this.#unsound('a key must be plain text', place.start);
      return undefined;
    }
    return { text: sourceOf(key), place, isMerge: key.value === '<<' || typeof key.value === 'symbol' };
  }

  #merge(entries: Map<string, MapEntry>, source: Value): void {
    const maps = source.kind === 'list' ? source.items : [source];
    for (const map of maps) {
      if (map.kind !== 'map') {
        this.#unsound('a merge key (<<) takes a map or a list of maps', source.place.start);
        continue;
      }
      this.#merged += map.entries.size;
      if (this.#merged > MAX_MERGED) return this.#unsound(`merge keys add more than ${MAX_MERGED} entries`);
      for (const entry of map.entries.values()) {
        if (!entries.has(entry.key)) entries.set(entry.key, { ...entry, own: false });
      }
    }
  }

  #readScalar(node: Scalar, place: Place): TextValue {
    const source = sourceOf(node);
    if (node.value === null) return { kind: 'null', place, text: '', source };
    if (typeof node.value === 'boolean') return { kind: 'boolean', place, text: source, source };
    if (typeof node.value !== 'string') return { kind: 'number', place, text: source, source };
    if (!source.includes('$')) return { kind: 'string', place, text: source, source };
    const filled = interpolate(source, this.#variables);
    for (const name of filled.names) this.names.add(name);
    for (const form of filled.forms) this.forms.push({ form, offset: place.start });
    for (const name of filled.unset)
      this.#problems.add('warning', 'file', `variable ${name} is not set: it is taken as empty`, place.start);
    for (const error of filled.errors) this.#problems.add('invalid', 'file', error, place.start);
    if (filled.errors.length > 0) this.#problems.ignoreFurther(place.start);
    return { kind: 'string', place, text: filled.text, source };
  }

  /** Refuses files whose aliases would multiply them: Compose in the guest really expands them. */
  checkExpansion(root: Value): void {
    const sizes = new Map<Value, number>();
    if (expandedSize(root, sizes) > MAX_EXPANDED) {
      this.#unsound(`anchors and aliases multiply the file to more than ${MAX_EXPANDED} values`);
    }
  }

  #unsound(message: string, offset?: number): void {
    this.sound = false;
    this.#problems.add('invalid', 'file', message, offset);
  }
}

/** Size of the tree that the graph stands for. Each value is counted once, so this is linear. */
function expandedSize(value: Value, sizes: Map<Value, number>): number {
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = 1;
  if (value.kind === 'list') for (const item of value.items) size += expandedSize(item, sizes);
  if (value.kind === 'map')
    for (const entry of value.entries.values()) size += expandedSize(entry.value, sizes);
  sizes.set(value, size);
  return size;
}

/** What each alias stands for: the nearest anchor of that name before it. One pass over the document. */
function aliasTargets(root: ParsedNode, refuse: (message: string, offset: number) => void): Map<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  let aliases = 0;
  visit(root, (_key, node) => {
    if (isPair(node) || !isNodeLike(node)) return undefined;
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      return undefined;
    }
    aliases += 1;
    const target = anchors.get(node.source);
    if (target === undefined) refuse(`alias "*${node.source}" has no anchor before it`, placeOf(node).start);
    else targets.set(node, target);
    if (aliases <= MAX_ALIASES) return undefined;
    refuse(`the file has more than ${MAX_ALIASES} aliases`, placeOf(node).start);
    return visit.BREAK;
  });
  return targets;
}

function isNodeLike(value: unknown): value is Alias | Scalar | YAMLMap | YAMLSeq {
  return isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);
}

function placeOf(node: Node): Place {
  return { start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 };
}

function nothing(place: Place): TextValue {
  return { kind: 'null', place, text: '', source: '' };
}

/** Text as written: `0755` and `1.10` must not be changed by way of a number. */
function sourceOf(node: Scalar): string {
  if (typeof node.value === 'string') return node.value;
  return node.source ?? JSON.stringify(node.value ?? '');
}
