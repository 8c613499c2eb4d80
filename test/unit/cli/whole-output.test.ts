import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

test('output that is larger than a pipe arrives whole', async () => {
  // A pipe of the shell: what Node gives its children is a socket, which holds more.
  const argv = ['-c', '"$0" "$1" api | cat', process.execPath, MAIN];
  const { stdout } = await promisify(execFile)('sh', argv, { maxBuffer: 16 * 1024 ** 2 });
  expect(stdout.length).toBeGreaterThan(64 * 1024);
  expect(JSON.parse(stdout)).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) as unknown });
});
