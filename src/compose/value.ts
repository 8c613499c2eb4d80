/** Where a value stands in the text: `[start, end)` of the value itself. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** A scalar with its variables filled in. */
export interface TextValue {
  readonly kind: 'string' | 'number' | 'boolean' | 'null';
  readonly place: Place;
  /** As text: numbers and booleans too; `''` for null. */
  readonly text: string;
  /** As it was before variables were filled in. */
  readonly source: string;
}

export interface ListValue {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Value[];
}

export interface MapEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Value;
  /** False when it came by a merge key (`<<`). */
  readonly own: boolean;
}

export interface MapValue {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** YAML with aliases and merge keys resolved. What an alias shares is shared here too: the values form a graph without cycles. */
export type Value = TextValue | ListValue | MapValue;
export type ValueKind = Value['kind'];

export function isText(value: Value | undefined): value is TextValue {
  return value !== undefined && value.kind !== 'map' && value.kind !== 'list';
}

/** The value under `key`, when `value` is a map that has it and it is not null. */
export function child(value: Value | undefined, key: string): Value | undefined {
  if (value?.kind !== 'map') return undefined;
  const found = value.entries.get(key)?.value;
  return found === undefined || found.kind === 'null' ? undefined : found;
}

/** The text under `key`, when there is one. */
export function textOf(value: Value | undefined, key: string): string | undefined {
  const found = child(value, key);
  return isText(found) ? found.text : undefined;
}

/** The entries of a map; none for anything else. */
export function entriesOf(value: Value | undefined): MapEntry[] {
  return value?.kind === 'map' ? [...value.entries.values()] : [];
}

/** The items of a list; none for anything else. */
export function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === 'list' ? value.items : [];
}

/** Kind of value in a person's words. */
export function describeKind(kind: ValueKind): string {
  return {
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
    null: 'nothing',
    list: 'a list',
    map: 'a map',
  }[kind];
}
