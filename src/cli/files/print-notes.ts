import { relative } from 'node:path';
import type { ScanNote } from '../../files/index.ts';
import type { Cli } from '../cli.ts';
import { escapeMetadata } from '../terminal/escape.ts';

const SHOWN = 8;

/** Tells of files that are not sent, or not quite as they are; of many, of the first few. */
export function printNotes(cli: Cli, notes: readonly ScanNote[]): void {
  for (const { path, message } of notes.slice(0, SHOWN)) {
    const near = relative(cli.cwd, path);
    const shown = near === '' || near.startsWith('..') ? path : near;
    cli.err.line(`note: ${escapeMetadata(shown)} ${escapeMetadata(message)}`);
  }
  if (notes.length > SHOWN) cli.err.line(`note: and ${notes.length - SHOWN} more like that`);
}
