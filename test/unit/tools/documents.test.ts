import { expect, test } from 'vitest';
import { dependencyProblems } from '../../../tools/checks/dependencies-page.ts';
import { forbiddenText } from '../../../tools/checks/forbidden-text.ts';
import { namedPaths, pathsNamedIn } from '../../../tools/checks/named-paths.ts';
import { errorsDocument } from '../../../tools/checks/printed-pages.ts';
import { commandBlocks, readmeCommands } from '../../../tools/checks/readme-commands.ts';
import { errorsPage } from '../../../tools/pages/errors-page.ts';
import { layersTable, withLayersTable } from '../../../tools/pages/layers-table.ts';
import { scratchTree } from './scratch-tree.ts';

const signal = new AbortController().signal;

test('paths are found in links and code spans, counted from the document', () => {
  const text =
    'See [it](../LICENSE#top), `src/host/index.ts:12`, `npm test`, `./berth`, [web](https://example.org/src/).';
  expect(pathsNamedIn({ path: 'docs/a.md', text }).toSorted()).toEqual([
    'LICENSE',
    'berth',
    'src/host/index.ts',
  ]);
  expect(pathsNamedIn({ path: 'a.md', text: '```sh\nls `src/gone.ts`\n```\n`src/*/index.ts`' })).toEqual([]);
});

test('a document that names a missing path is found; what git ignores may be missing', async () => {
  const root = await scratchTree({
    'README.md': 'In `docs/b.md`, [c](docs/c.md), `bench/results/last.json`.',
    'docs/b.md': '',
    '.gitignore': '/bench/results/\n',
  });
  const { problems, seen } = await namedPaths.run(root, signal);
  expect(problems).toEqual(['README.md: names docs/c.md, which is not there']);
  expect(seen).toBe(3);
});

test('command blocks are compared without their comments', async () => {
  expect(commandBlocks('```sh\nnpm test   # all tests\n\n# done\n```\n```json\n{}\n```')).toEqual([
    'npm test',
  ]);
  const same = {
    'README.md': '```sh\nnpm test # all\n```\n',
    'README.zh-CN.md': '```sh\nnpm test # 全部\n```\n',
  };
  expect((await readmeCommands.run(await scratchTree(same), signal)).problems).toEqual([]);
  const other = { ...same, 'README.zh-CN.md': '```sh\nnpm run test\n```\n' };
  const { problems } = await readmeCommands.run(await scratchTree(other), signal);
  expect(problems).toEqual([expect.stringContaining('command block 1 differs')]);
  const missing = await readmeCommands.run(await scratchTree({ 'README.md': '' }), signal);
  expect(missing.problems).toEqual(['README.zh-CN.md is missing']);
});

test('names of mirrors and paths of a machine are found with their line', async () => {
  const mirror = ['deb', 'debian', 'org'].join('.');
  const root = await scratchTree({
    'a.ts': `\n// http://${mirror}/debian`,
    'b.bin': `\0${mirror}`,
    'c.ts': '',
  });
  const { problems, seen } = await forbiddenText.run(root, signal);
  expect(problems).toEqual([expect.stringContaining(`a.ts:2: holds ${mirror}`)]);
  expect(seen).toBe(2);
});

test('every dependency needs a reason, and every reason a dependency', () => {
  const page = '| `fastify` | HTTP |\n| `left-pad` | habit |\n| `ws` |  |\n';
  expect(dependencyProblems(['fastify', 'ws', 'yaml'], page)).toEqual([
    'docs/dependencies.md: has no reason for ws',
    'docs/dependencies.md: has no reason for yaml',
    'docs/dependencies.md: gives a reason for left-pad, which package.json does not name',
  ]);
});

test('the page of errors must be the printed one', async () => {
  const page = errorsPage();
  expect(page).toContain('| `port-in-use` | 409 | 4 |');
  const good = await scratchTree({ 'docs/errors.md': page });
  expect((await errorsDocument.run(good, signal)).problems).toEqual([]);
  const stale = await scratchTree({ 'docs/errors.md': page.replace('port-in-use', 'port-taken') });
  expect((await errorsDocument.run(stale, signal)).problems).toEqual([
    expect.stringContaining('docs/errors.md'),
  ]);
});

test('the table of layers is put between its markers and nowhere else', () => {
  const table = layersTable();
  expect(table).toContain('| 0 | `base/` |');
  const page = `# A\n\n${withLayersTable('', 'old')}\nthe end\n`;
  const written = withLayersTable(page, table);
  expect(written).toContain(table);
  expect(written).not.toContain('old');
  expect(written.startsWith('# A\n')).toBe(true);
  expect(written.endsWith('the end\n')).toBe(true);
  expect(withLayersTable(written, table)).toBe(written);
});
