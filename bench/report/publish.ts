import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import { ensureDirectory, readJson, readText, writeAtomic, writeJson } from '../../src/host/index.ts';
import { type BenchResult, RESULT_VERSION } from '../result.ts';
import { plotsOf } from './plots.ts';
import { reportOf } from './tables.ts';

const BEGIN = '<!-- printed by bench/report/publish.ts: begin -->';
const END = '<!-- printed by bench/report/publish.ts: end -->';

/** Where the chosen result and its page lie below the root of the repository. */
export const PUBLISHED = {
  reference: 'bench/reference.json',
  page: 'docs/benchmarks.md',
  plots: 'docs/benchmarks',
} as const;

/** Makes the reference, the page and its plots of one or more result files; stages of later files replace those of earlier ones. */
export async function publish(root: string, files: readonly string[]): Promise<void> {
  let merged: BenchResult = { version: RESULT_VERSION };
  for (const file of files) merged = { ...merged, ...(await readResult(file)) };
  const page = join(root, PUBLISHED.page);
  const text = await readText(page);
  if (text === undefined) throw berthError('not-found', `there is no ${PUBLISHED.page}`);
  await ensureDirectory(join(root, PUBLISHED.plots));
  for (const { file, svg } of plotsOf(merged)) await writeAtomic(join(root, PUBLISHED.plots, file), svg);
  await writeAtomic(page, replacePrinted(text, printedPart(merged)));
  await writeJson(join(root, PUBLISHED.reference), merged);
}

async function readResult(file: string): Promise<BenchResult> {
  const result = await readJson<BenchResult>(file);
  if (result?.version === RESULT_VERSION) return result;
  throw berthError('bad-request', `${file} is not a result of this version of the bench`);
}

/** What stands between the marks of the page. */
export function printedPart(result: BenchResult): string {
  const plots = plotsOf(result).flatMap(({ file, alt }) => [`![${alt}](benchmarks/${file})`, '']);
  return [...reportOf(result), ...plots].join('\n').trimEnd();
}

/** The page with `printed` between its marks. Throws `bad-request` when it has no such marks. */
export function replacePrinted(page: string, printed: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw berthError('bad-request', `${PUBLISHED.page} has no lines "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${printed}\n\n${page.slice(end)}`;
}
