import type { TSchema } from 'typebox';
import * as schemas from '../schemas/index.ts';

/** JSON as it is printed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The schemas that have a name of their own, by that name. */
export function namedSchemas(): ReadonlyMap<string, TSchema> {
  const named = new Map<string, TSchema>();
  for (const schema of Object.values(schemas)) {
    const title = titleOf(schema);
    if (title !== undefined) named.set(title, schema);
  }
  return new Map([...named].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The schema as JSON, with a reference in place of each named schema inside; `self` is the one that is being written. */
export function schemaJson(schema: unknown, self?: string): Json {
  const title = titleOf(schema);
  if (title !== undefined && title !== self) return { $ref: `#/components/schemas/${title}` };
  if (Array.isArray(schema)) return schema.map((each) => schemaJson(each));
  if (typeof schema === 'object' && schema !== null) {
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, schemaJson(value)]));
  }
  return schema as Json;
}

/** Name of a schema that is a component. */
export function titleOf(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !('title' in schema)) return undefined;
  return typeof schema.title === 'string' ? schema.title : undefined;
}
