declare const brand: unique symbol;

/** A string that only its own constructor makes; ids of different kinds cannot be mixed up. */
export type Branded<Kind extends string> = string & { readonly [brand]: Kind };

/** Id of an environment: `env-` and 12 lower-case hex digits; never used again. */
export type EnvironmentId = Branded<'environment'>;
/** Id of a template: `tpl-` and 12 lower-case hex digits. */
export type TemplateId = Branded<'template'>;
/** Id of an image: `img-` and the first 16 hex digits of its content hash. */
export type ImageId = Branded<'image'>;
/** Id of an operation: `op-` and 12 lower-case hex digits. */
export type OperationId = Branded<'operation'>;

/** What a user may call an environment, a template or a volume: `^[a-z0-9][a-z0-9-]{0,39}$`. */
export const NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,39}$';
const nameExpression = new RegExp(NAME_PATTERN);

/** True when `name` matches {@link NAME_PATTERN}. */
export function isName(name: string): boolean {
  return nameExpression.test(name);
}
