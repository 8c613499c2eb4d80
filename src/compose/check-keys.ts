import { type KeyTable, kindsOf } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { describeKind, type MapValue, type Value } from './value.ts';

/** Reports keys that a section does not have and values of the wrong kind. Keys that start with `x-` are the user's own. */
export function checkKeys(map: MapValue, path: string, table: KeyTable, problems: ProblemList): void {
  for (const { key, keyPlace, value } of map.entries.values()) {
    const where = path === '' ? key : `${path}.${key}`;
    const letters = Object.hasOwn(table, key) ? table[key] : undefined;
    if (letters !== undefined) {
      checkKind(value, where, letters, problems, keyPlace.start);
    } else if (!key.startsWith('x-')) {
      problems.add('invalid', where, unknownKey(key, Object.keys(table)), keyPlace.start);
    }
  }
}

/** Reports a value whose kind is not among `letters`; returns whether it is. */
export function checkKind(
  value: Value,
  path: string,
  letters: string,
  problems: ProblemList,
  offset: number,
): boolean {
  const kinds = kindsOf(letters);
  if (kinds.includes(value.kind)) return true;
  const wanted = kinds.filter((kind) => kind !== 'null').map(describeKind);
  problems.add('invalid', path, `must be ${wanted.join(' or ')}, not ${describeKind(value.kind)}`, offset);
  return false;
}

function unknownKey(key: string, known: readonly string[]): string {
  const shown = key.length > 40 ? `${key.slice(0, 40)}…` : key;
  const near = known.find((candidate) => isNear(candidate, key));
  const hint = near === undefined ? 'keys of your own start with "x-"' : `did you mean "${near}"?`;
  return `there is no key "${shown}" here; ${hint}`;
}

/** One letter more, less, other or swapped; or `-` for `_`. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  if (a.replaceAll('_', '-') === b.replaceAll('_', '-')) return true;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  const swapped =
    left.length === 2 &&
    right.length === 2 &&
    left.charAt(0) === right.charAt(1) &&
    left.charAt(1) === right.charAt(0);
  return swapped || (left.length <= 1 && right.length <= 1);
}
