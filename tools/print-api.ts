import { join } from 'node:path';
import { apiDocument } from '../src/contract/index.ts';
import { printOrWrite } from './pages/print-or-write.ts';

printOrWrite(join(import.meta.dirname, '../docs/api.md'), () => apiDocument());
