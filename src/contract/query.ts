import type { TObject } from 'typebox';

/**
 * A query as the values its schema speaks of: numbers, booleans, arrays. What cannot be read stays text, so that the
 * check against the schema reports it.
 */
export function readQuery(schema: TObject, query: URLSearchParams): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const texts = query.getAll(key);
    const type = typeOf(schema, key);
    const value = type === 'array' || texts.length > 1 ? texts : readValue(type, texts[0] ?? '');
    // Not assigned: `__proto__` is a key as any other here.
    Object.defineProperty(values, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return values;
}

function typeOf(schema: TObject, key: string): unknown {
  if (!Object.hasOwn(schema.properties, key)) return undefined;
  const property: object | undefined = schema.properties[key];
  return property !== undefined && 'type' in property ? property.type : undefined;
}

function readValue(type: unknown, text: string): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}
