import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../e2e/rig/home.ts';
import { runProgram } from '../../e2e/rig/program.ts';

/** A file whose device can be made to give I/O errors and to be good again. Nobody may have it open when that begins and ends. */
export interface FaultyFile extends AsyncDisposable {
  /** From now on each read and write fails, or each flush of what was written, or nothing does. */
  fail(what: 'each' | 'flush' | 'nothing'): void;
}

/** Puts such a device under a file; disposing takes it away and leaves the file with what was written. */
export async function faultyFile(path: string, scratch: string): Promise<FaultyFile> {
  const trouble = join(scratch, 'trouble');
  const server = spawn(process.execPath, [join(ROOT, 'test/faults/rig/faulty-file-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FAULTY_FILE: path, FAULTY_TROUBLE: trouble },
  });
  const ended = once(server, 'exit');
  await Promise.race([
    once(server.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('no file system can be mounted'))),
  ]);
  const fail = (what: 'each' | 'flush' | 'nothing') => writeFileSync(trouble, what);
  return {
    fail,
    async [Symbol.asyncDispose]() {
      fail('nothing');
      // The daemon may be reading the disk of a machine that rests, and somebody's mount namespace may have it still.
      await runProgram(['umount', '--lazy', path]);
      server.kill('SIGKILL');
      await ended;
    },
  };
}
