import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apiDocument } from '../src/contract/index.ts';

// Prints docs/api.md from the contract; with --write it replaces the file.
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const text = apiDocument();
if (values.write) writeFileSync(resolve(import.meta.dirname, '../docs/api.md'), text);
else process.stdout.write(text);
