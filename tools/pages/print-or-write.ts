import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What a page printer does: prints the page, or writes it to its file with `--write`. */
export function printOrWrite(path: string, page: (now: string) => string): void {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
  const text = page(existsSync(path) ? readFileSync(path, 'utf8') : '');
  if (values.write) writeFileSync(path, text);
  else process.stdout.write(text);
}
