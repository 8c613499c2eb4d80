import { join } from 'node:path';
import { errorsPage } from './pages/errors-page.ts';
import { printOrWrite } from './pages/print-or-write.ts';

printOrWrite(join(import.meta.dirname, '../docs/errors.md'), () => errorsPage());
