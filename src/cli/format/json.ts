/** A value as JSON for other programs: two spaces of indentation, as every `--json` prints it. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
