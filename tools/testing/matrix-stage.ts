import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from '../../src/compose/support/row.ts';
import { supportTable } from '../../src/compose/support/table.ts';
import { composeMatrix, isShown, withComposeMatrix } from '../pages/compose-matrix.ts';
import type { Stage } from './stage.ts';
import type { TallyLine } from './tally.ts';

/** Writes the matrix of `docs/compose.md` from what the tests before have shown; each row that none has shown counts as failed. */
export function matrixStage(root: string, results: readonly TallyLine[]): Stage {
  return {
    key: 'matrix',
    title: 'the matrix in docs/compose.md',
    deadlineMs: 60_000,
    hasTests: true,
    run: async () => {
      const path = join(root, 'docs/compose.md');
      const page = readFileSync(path, 'utf8');
      const written = withComposeMatrix(
        page,
        composeMatrix((row) => isShown(row, results)),
      );
      if (written !== page) writeFileSync(path, written);
      const missing = supportTable.filter((row) => !isShown(row, results));
      for (const row of missing) console.log(`not shown by a test: ${idOf(row)}`);
      return { passed: supportTable.length - missing.length, failed: missing.length, skipped: 0 };
    },
  };
}
