import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireHomeLock, homeLockHolder, run } from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('one holder per home, by whatever path; free again after release', async () => {
  const home = join(temporaryDirectory(), 'home');
  expect(await homeLockHolder(home)).toBeUndefined();
  const lock = await acquireHomeLock(home);
  const other = `${home}-link`;
  symlinkSync(home, other);
  await expect(acquireHomeLock(other)).rejects.toMatchObject({ code: 'daemon-locked' });
  await expect(acquireHomeLock(home)).rejects.toThrow(`process ${process.pid} already runs`);
  expect(await homeLockHolder(home)).toBe(process.pid);
  await lock.release();
  await lock.release();
  await (await acquireHomeLock(home)).release();
});

test('two homes do not lock each other out', async () => {
  const directory = temporaryDirectory();
  const one = await acquireHomeLock(join(directory, 'one'));
  const two = await acquireHomeLock(join(directory, 'two'));
  await Promise.all([one.release(), two.release()]);
});

test('ends with its process, and does not keep the process alive', async () => {
  const home = temporaryDirectory();
  const index = new URL('../../../src/host/index.ts', import.meta.url).href;
  const script = `import { acquireHomeLock } from ${JSON.stringify(index)};
    await acquireHomeLock(${JSON.stringify(home)}); console.log('held');`;
  expect((await run([process.execPath, '--input-type=module', '-e', script])).stdout).toBe('held\n');
  await (await acquireHomeLock(home)).release();
});
