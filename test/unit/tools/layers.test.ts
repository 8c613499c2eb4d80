import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tableMistakes } from '../../../tools/layers/rules.ts';
import { checkLayers } from '../../../tools/layers.ts';
import { scratchTree } from './scratch-tree.ts';

async function problemsOf(files: Record<string, string>): Promise<readonly string[]> {
  return checkLayers(await scratchTree(files)).problems;
}

const allowed = {
  'src/base/index.ts': `export { one } from './one.ts';`,
  'src/base/one.ts': `export const one = 1;`,
  'src/host/index.ts': `import { readFile } from 'node:fs/promises';\nimport { one } from '../base/index.ts';\nexport { readFile, one };`,
  'src/hypervisor/qemu/argv.ts': `import type { readFile } from '../../host/index.ts';\nexport type Read = typeof readFile;`,
  'src/compose/index.ts': `import { parse } from 'yaml';\nimport { join } from 'node:path';\nexport { parse, join };`,
  'src/main.ts': `if (process.argv[2] === 'serve') await import('./daemon/index.ts');\nelse await import('./cli/index.ts');`,
  'src/daemon/index.ts': '',
  'src/cli/index.ts': `import { spawn } from 'node:child_process';\nexport { spawn };`,
};

test('imports that the table allows pass', async () => {
  const report = checkLayers(await scratchTree(allowed));
  expect(report).toEqual({ files: 8, imports: 9, problems: [] });
});

test.each([
  [
    'a module of higher rank',
    'base/x.ts',
    `import { a } from '../host/index.ts';`,
    'base may not import host',
  ],
  ['a type only', 'base/x.ts', `import type { A } from '../host/index.ts';`, 'base may not import host'],
  ['a dynamic import', 'cli/x.ts', `\nvoid import('../daemon/index.ts');`, 'cli may not import daemon'],
  ['a template string', 'cli/x.ts', 'void import(`../daemon/index.ts`);', 'computed'],
  [
    'an inline type',
    'cli/x.ts',
    `export type A = import('../store/index.ts').A;`,
    'cli may not import store',
  ],
  [
    'more than a type',
    'environments/x.ts',
    `import { type A } from '../network/index.ts';`,
    'environments may import only types of network',
  ],
  ['a re-export', 'model/x.ts', `export * from '../host/index.ts';`, 'model may not import host'],
  ['a past-the-index import', 'host/x.ts', `import { a } from '../base/one.ts';`, 'past its index.ts'],
  ['a way out of src', 'host/x.ts', `import { a } from '../../tools/x.ts';`, 'outside of src/'],
  ['node in a browser module', 'client/x.ts', `import { join } from 'node:path';`, 'runs in a browser'],
  [
    'a door',
    'machines/x.ts',
    `import { spawn } from 'node:child_process';`,
    'machines may not import node:child_process',
  ],
  [
    'a door by its sub-path',
    'machines/x.ts',
    `import { rm } from 'node:fs/promises';`,
    'may not import node:fs/promises',
  ],
  ['a door without node:', 'host/x.ts', `import fs from 'fs';`, 'without node:'],
  ['a door by require', 'images/x.ts', `const fs = require('node:fs');`, 'may not import node:fs'],
  [
    'a door by the back',
    'images/x.ts',
    `const fs = process.getBuiltinModule('node:fs');`,
    'may not import node:fs',
  ],
  [
    'a foreign package',
    'server/x.ts',
    `import { parse } from 'yaml/util';`,
    'server may not import the package yaml',
  ],
  ['a scoped package', 'cli/x.ts', `import ws from '@fastify/websocket';`, 'the package @fastify/websocket'],
  ['a clock', 'placement/x.ts', `export const now = () => Date.now();`, 'Date.now in a place that is pure'],
  ['a new date', 'environments/plan/x.ts', `export const now = () => new Date();`, 'new Date()'],
  [
    'a random id',
    'environments/plan.ts',
    `import { randomUUID } from 'node:crypto';\nrandomUUID();`,
    'randomUUID',
  ],
  ['an unknown module', 'attic/x.ts', `export {};`, 'attic has no row'],
  ['a file of no module', 'stray.ts', `export {};`, 'lies in no module'],
  ['a file that cannot be read', 'base/x.ts', `import {`, 'src/base/x.ts'],
])('%s is found', async (_, path, text, message) => {
  const problems = await problemsOf({ ...allowed, [`src/${path}`]: text });
  expect(problems).toEqual([expect.stringContaining(message)]);
  expect(problems[0]).toContain(`src/${path}`);
});

test('a module that may have only types of another is given them', async () => {
  const text = `import type { A } from '../network/index.ts';\nexport type { B } from '../images/index.ts';`;
  expect(await problemsOf({ 'src/environments/x.ts': text })).toEqual([]);
});

test('converting a given date is no clock', async () => {
  const text = `export const at = (ms: number) => new Date(ms).toISOString();`;
  expect(await problemsOf({ 'src/placement/x.ts': text })).toEqual([]);
});

test('seeing no file is a failure', async () => {
  expect(await problemsOf({ 'README.md': '' })).toEqual([expect.stringContaining('found no source file')]);
});

test('the table itself keeps the order of ranks', () => {
  expect(tableMistakes()).toEqual([]);
  const row = { purpose: '', typesOf: [], packages: [], doors: [] };
  expect(
    tableMistakes({ a: { ...row, rank: 1, modules: ['b', 'c'] }, b: { ...row, rank: 1, modules: [] } }),
  ).toEqual(['the row of a names b, which is not of lower rank', 'the row of a names c, which has no row']);
});

test('the command fails on a planted import and says where', async () => {
  const run = promisify(execFile);
  const command = resolve(import.meta.dirname, '../../../tools/layers.ts');
  const good = await scratchTree(allowed);
  await expect(run(process.execPath, [command, '--root', good])).resolves.toHaveProperty('stderr', '');

  const planted = `import { a } from '../environments/index.ts';`;
  const bad = await scratchTree({ ...allowed, 'src/machines/fork.ts': planted });
  await expect(run(process.execPath, [command, '--root', bad])).rejects.toMatchObject({
    code: 1,
    stderr: 'src/machines/fork.ts:1: machines may not import environments\n',
  });
});
