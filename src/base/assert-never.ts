/** Marks a branch that the compiler has shown to be unreachable; throws when it is reached all the same. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`);
}
