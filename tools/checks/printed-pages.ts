import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiDocument as apiPage } from '../../src/contract/index.ts';
import { composeMatrix, withComposeMatrix } from '../pages/compose-matrix.ts';
import { errorsPage } from '../pages/errors-page.ts';
import { layersTable, withLayersTable } from '../pages/layers-table.ts';
import { runCommand } from './command.ts';
import type { Check } from './outcome.ts';

/** docs/errors.md is what the registry prints. */
export const errorsDocument: Check = {
  name: 'docs/errors.md',
  run: (root) => compare(root, 'docs/errors.md', () => errorsPage(), 'node tools/print-errors.ts --write'),
};

/** The table in docs/architecture.md is the one that is checked. */
export const layersDocument: Check = {
  name: 'docs/architecture.md',
  run: (root) =>
    compare(
      root,
      'docs/architecture.md',
      (now) => withLayersTable(now, layersTable()),
      'node tools/print-layers.ts --write',
    ),
};

/** The matrix in docs/compose.md is what the table of support prints when every test of it passes. */
export const composeDocument: Check = {
  name: 'docs/compose.md',
  run: (root) =>
    compare(
      root,
      'docs/compose.md',
      (now) =>
        withComposeMatrix(
          now,
          composeMatrix(() => true),
        ),
      'node tools/print-matrix.ts --write',
    ),
};

/** docs/api.md is what the contract prints. */
export const apiDocument: Check = {
  name: 'docs/api.md',
  run: (root) => compare(root, 'docs/api.md', () => apiPage(), 'node tools/print-api.ts --write'),
};

/** `berth api` runs from source and prints OpenAPI 3.1 with at least one path. */
export const apiCommand: Check = {
  name: 'berth api',
  async run(root, signal) {
    const { code, output } = await runCommand(root, [join(root, 'berth'), 'api'], signal);
    if (code !== 0)
      return { seen: 0, unit: 'paths', problems: [`ended with exit code ${code}: ${output.trim()}`] };
    const { openapi, paths } = JSON.parse(output) as { openapi?: string; paths?: object };
    const problems =
      openapi?.startsWith('3.1.') === true ? [] : [`says it is OpenAPI ${openapi ?? 'of no version'}`];
    return { seen: Object.keys(paths ?? {}).length, unit: 'paths', problems };
  },
};

function compare(root: string, page: string, wanted: (now: string) => string, remedy: string) {
  const path = join(root, page);
  const now = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const problems =
    wanted(now) === now ? [] : [`${page} is not what the code prints; write it anew: ${remedy}`];
  return { seen: now === '' ? 0 : 1, unit: 'pages', problems };
}
