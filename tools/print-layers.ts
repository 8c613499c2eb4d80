import { join } from 'node:path';
import { layersTable, withLayersTable } from './pages/layers-table.ts';
import { printOrWrite } from './pages/print-or-write.ts';

printOrWrite(join(import.meta.dirname, '../docs/architecture.md'), (now) =>
  withLayersTable(now, layersTable()),
);
