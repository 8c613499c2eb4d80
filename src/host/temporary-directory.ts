import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory, removed with all that is in it at the end of an `await using` block. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Makes a directory that only this user may enter. `parent` defaults to the system's place for temporary files. */
export async function temporaryDirectory(parent: string = tmpdir()): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(parent, 'berth-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
