import { type Static, type TProperties, type TSchema, type TSchemaOptions, Type } from 'typebox';
import { NAME_PATTERN } from '../../model/index.ts';

/** An object in which unknown fields are errors. `title` makes it a named component of the OpenAPI document. */
export function record<Fields extends TProperties>(
  fields: Fields,
  options: { readonly title?: string; readonly description?: string } = {},
) {
  return Type.Object(fields, { ...options, additionalProperties: false });
}

/** An array that is read-only to those who receive it, as the model's arrays are. */
export function list<Item extends TSchema>(item: Item, options: TSchemaOptions = {}) {
  return Type.Unsafe<readonly Static<Item>[]>(Type.Array(item, options));
}

/** An array of at least one item. */
export function someOf<Item extends TSchema>(item: Item, description: string) {
  return list(item, { minItems: 1, description });
}

/** A string; `description` says what it is. */
export function text(description: string) {
  return Type.String({ description });
}

/** A moment, ISO 8601 in UTC. */
export function moment(description: string) {
  return Type.String({ format: 'date-time', description });
}

/** A whole number of 0 or more. */
export function count(description: string) {
  return Type.Integer({ minimum: 0, description });
}

/** A number of 0 or more, fractions allowed. */
export function measure(description: string) {
  return Type.Number({ minimum: 0, description });
}

export function flag(description: string) {
  return Type.Boolean({ description });
}

/** A TCP or UDP port. */
export function port(description: string) {
  return Type.Integer({ minimum: 1, maximum: 65535, description });
}

/** A name given by a user. */
export function name(description: string) {
  return Type.String({ pattern: NAME_PATTERN, description });
}

/** An id or a name: everything that a path segment may hold. */
export function reference(description: string) {
  return Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,79}$', description });
}
