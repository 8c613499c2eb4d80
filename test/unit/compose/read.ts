import { type ComposeReading, parseCompose } from '../../../src/compose/index.ts';

/** Reads a file; variables as given. */
export function read(text: string, variables: Record<string, string> = {}): ComposeReading {
  return parseCompose(text, { variables });
}

/** `line:column path message` of each problem. */
export function problems(text: string, variables: Record<string, string> = {}): string[] {
  return read(text, variables).problems.map(
    ({ line, column, path, message }) => `${line ?? '-'}:${column ?? '-'} ${path} ${message}`,
  );
}

/** The project of a file that must be right. */
export function project(text: string, variables: Record<string, string> = {}) {
  const reading = read(text, variables);
  if (reading.project === undefined) throw new Error(JSON.stringify(reading.problems));
  return reading.project;
}
