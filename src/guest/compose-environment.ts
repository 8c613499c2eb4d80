/** Variables for Compose in the machine, in the two ways in which it takes them. */
export interface ComposeEnvironment {
  /** Content of the `.env` file beside the Compose file. */
  readonly file: string;
  /** Variables whose value that format cannot carry: they go into the process's environment. */
  readonly process: Readonly<Record<string, string>>;
}

/**
 * Splits variables for docker-compose. Its `.env` format takes anything between single quotes as it is, but has no way
 * to write a single quote there (compose-go `dotenv/parser.go`), nor a backslash before the closing one.
 */
export function composeEnvironment(variables: Readonly<Record<string, string>>): ComposeEnvironment {
  const entries = Object.entries(variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const fits = ([, value]: [string, string]) => !value.includes("'") && !value.endsWith('\\');
  const lines = entries.filter(fits).map(([name, value]) => `${name}='${value}'\n`);
  return { file: lines.join(''), process: Object.fromEntries(entries.filter((entry) => !fits(entry))) };
}
