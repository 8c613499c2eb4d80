import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import type { TLocalizedValidationError } from 'typebox/error';
import type { TSchema } from 'typebox';
import type { Problem } from '../model/index.ts';

// TypeBox stops at eight, of which an unknown field takes two. The bound keeps a hostile request from filling an answer.
Settings.Set({ maxErrors: 1000 });

/** Finds every problem of a value; none means that the value is what the schema says. */
export type Validator = (value: unknown) => Problem[];

/** Prepares a check of `schema`; the work is done at the first use. */
export function createValidator(schema: TSchema): Validator {
  let compiled: ReturnType<typeof Compile> | undefined;
  return (value) => {
    compiled ??= Compile(schema);
    return compiled.Check(value) ? [] : problemsOf(compiled.Errors(value));
  };
}

function problemsOf(errors: readonly TLocalizedValidationError[]): Problem[] {
  const problems = errors.flatMap((error) => {
    const path = pathOf(error.instancePath);
    switch (error.keyword) {
      case 'required':
        return error.params.requiredProperties.map((field) => problem(join(path, field), 'is required'));
      case 'additionalProperties':
        return error.params.additionalProperties.map((field) =>
          problem(join(path, field), 'is not a known field'),
        );
      case 'boolean':
        // Said again, and better, by `additionalProperties`.
        return [];
      case 'enum':
        return [problem(path, `must be one of ${error.params.allowedValues.join(', ')}`)];
      case 'pattern':
        return [problem(path, `must match ${String(error.params.pattern)}`)];
      default:
        return [problem(path, error.message)];
    }
  });
  const distinct = new Map(problems.map((each) => [`${each.path}\n${each.message}`, each]));
  return [...distinct.values()];
}

function problem(path: string, message: string): Problem {
  return { path, message };
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

/** A JSON pointer as people write it: `/publish/0/hostPort` → `publish[0].hostPort`. */
function pathOf(pointer: string): string {
  const segments = pointer.split('/').slice(1);
  return segments.reduce((path, escaped) => {
    const segment = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(segment) ? `${path}[${segment}]` : join(path, segment);
  }, '');
}
