import { escapeMetadata } from '../terminal/escape.ts';
import { visibleWidth } from './width.ts';

/** Lines `key   value` with the values one below the other; control characters in values are made visible. */
export function formatFacts(
  facts: readonly (readonly [string, string])[],
  paintKey = (text: string): string => text,
): string[] {
  const width = Math.max(0, ...facts.map(([key]) => visibleWidth(key)));
  return facts.map(
    ([key, value]) => `${paintKey(key)}${' '.repeat(width - visibleWidth(key) + 3)}${escapeMetadata(value)}`,
  );
}
