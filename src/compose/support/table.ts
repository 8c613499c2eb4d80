import { buildRows } from './build-rows.ts';
import { containerRows } from './container-rows.ts';
import { lifeRows } from './life-rows.ts';
import { networkRows } from './network-rows.ts';
import { resourceRows } from './resource-rows.ts';
import type { SupportRow } from './row.ts';
import { storageRows } from './storage-rows.ts';
import { writingRows } from './writing-rows.ts';

/**
 * Every element of the Compose Specification and what becomes of it. `berth compose check`, the refusals of `berth up` and the matrix in
 * `docs/compose.md` are all made from it, and every row is shown by a test of its name.
 */
export const supportTable: readonly SupportRow[] = [
  ...writingRows,
  ...containerRows,
  ...lifeRows,
  ...buildRows,
  ...networkRows,
  ...storageRows,
  ...resourceRows,
];
