import { join } from 'node:path';
import { composeMatrix, withComposeMatrix } from './pages/compose-matrix.ts';
import { printOrWrite } from './pages/print-or-write.ts';

// As it is when every test passes; `npm test` writes it with what its tests have shown.
printOrWrite(join(import.meta.dirname, '../docs/compose.md'), (page) =>
  withComposeMatrix(
    page,
    composeMatrix(() => true),
  ),
);
