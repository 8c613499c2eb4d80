import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tableMistakes, violationsOf } from './layers/rules.ts';
import { readSourceFacts } from './layers/source-facts.ts';

/** What a look at all of `src/` found. */
export interface LayersReport {
  readonly files: number;
  readonly imports: number;
  /** One line each, `src/cli/up.ts:3: cli may not import daemon`; empty when all is well. */
  readonly problems: readonly string[];
}

/** Checks every import of `<root>/src` against the table of layers. Finding no file at all is a problem too. */
export function checkLayers(root: string): LayersReport {
  const files = globSync('src/**/*.{ts,tsx,mts,cts,js,mjs,cjs}', { cwd: root }).toSorted();
  const problems = tableMistakes();
  if (files.length === 0) problems.push(`found no source file in ${join(root, 'src')}`);
  let imports = 0;
  for (const file of files) {
    const below = file.replaceAll('\\', '/').slice('src/'.length);
    try {
      const facts = readSourceFacts(file, readFileSync(join(root, file), 'utf8'));
      imports += facts.imports.length;
      problems.push(...violationsOf(below, facts).map(({ line, message }) => `${file}:${line}: ${message}`));
    } catch (error) {
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { files: files.length, imports, problems };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { root: { type: 'string', default: resolve(import.meta.dirname, '..') } },
  });
  const report = checkLayers(resolve(values.root));
  for (const problem of report.problems) console.error(problem);
  console.log(`layers: ${report.files} files, ${report.imports} imports, ${report.problems.length} problems`);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}
