import { type BerthError, berthError } from '../../errors/index.ts';

// Primary result codes, https://www.sqlite.org/rescode.html; extended codes carry them in the low byte.
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** An error of SQLite as one of ours: damaged files and full disks have codes of their own. */
export function storeFailure(path: string, error: unknown): BerthError {
  const code = resultCode(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return corrupt(path, messageOf(error), error);
  if (code === SQLITE_FULL) return berthError('disk-full', `No room to write ${path}`, { cause: error });
  return berthError('internal', `Cannot use the store ${path}: ${messageOf(error)}`, { cause: error });
}

export function corrupt(path: string, detail: string, cause?: unknown): BerthError {
  return berthError('store-corrupt', `The store ${path} is damaged: ${detail}`, { cause });
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
