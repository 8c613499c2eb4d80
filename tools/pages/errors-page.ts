import { registry } from '../../src/errors/index.ts';

const HEAD = `# Errors

Printed from \`src/errors/registry.ts\` by \`node tools/print-errors.ts --write\`; do not edit.

Every error of Berth, on the command line and in the API, is a code, a fact in one sentence, and the next thing to do.
Programs match on the code, never on the text. The object is \`{code, message, remedy, problems?}\`: with \`--json\` the command line
prints it on standard error as the value of \`error\`, and the API answers with it and the HTTP status below.

| code | HTTP | exit | what it means | what to do |
|---|---|---|---|---|
`;

/** The whole of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(registry)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, exitCode, summary, remedy }]) =>
      row(`\`${code}\``, status, exitCode, summary, remedy),
    );
  return `${HEAD}${rows.join('\n')}\n`;
}

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}
