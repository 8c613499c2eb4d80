import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { environmentName, findProject, requireProject } from '../../../src/cli/arguments/project.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-project-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('finds the file in the order of docker compose', async () => {
  await writeFile(join(directory, 'docker-compose.yml'), 'name: old\n');
  expect((await findProject({ cwd: directory, env: {} }))?.name).toBe('old');
  await writeFile(join(directory, 'compose.yml'), 'name: shorter\n');
  expect((await findProject({ cwd: directory, env: {} }))?.name).toBe('shorter');
  await writeFile(join(directory, 'compose.yaml'), 'name: first\n');
  expect((await findProject({ cwd: directory, env: {} }))?.name).toBe('first');
});

test('looks in the directories above, and resolves paths against where the file is', async () => {
  const inner = join(directory, 'src', 'deep');
  await mkdir(inner, { recursive: true });
  await writeFile(join(directory, 'compose.yaml'), 'services: {}\n');
  const project = await requireProject({ cwd: inner, env: {} });
  expect(project).toMatchObject({ directory, path: join(directory, 'compose.yaml') });
});

test('reads .env beside the file', async () => {
  await writeFile(join(directory, 'stack.yaml'), 'name: $NAME\n');
  await writeFile(join(directory, '.env'), 'NAME=from-env\nOTHER=1\n');
  await writeFile(join(directory, 'compose.override.yaml'), '');
  const project = await requireProject({ cwd: '/', env: {}, files: [join(directory, 'stack.yaml')] });
  expect(project).toMatchObject({
    name: 'from-env',
    variables: { NAME: 'from-env' },
    overrides: [],
  });
});

test('an override file belongs to the file that is found, not to one that is named', async () => {
  await writeFile(join(directory, 'compose.yaml'), 'name: $NAME\n');
  await writeFile(join(directory, 'compose.override.yml'), 'services: {a: {image: $IMAGE}}\n');
  const project = await requireProject({ cwd: directory, env: { NAME: 'n', IMAGE: 'i' } });
  const overrides = [
    { path: join(directory, 'compose.override.yml'), text: 'services: {a: {image: $IMAGE}}\n' },
  ];
  expect(project).toMatchObject({ name: 'n', variables: { NAME: 'n', IMAGE: 'i' }, overrides });
});

test('several files lie over each other, and the first says where paths start', async () => {
  await mkdir(join(directory, 'a'));
  await writeFile(join(directory, 'a', 'one.yaml'), 'name: one\n');
  await writeFile(join(directory, 'two.yaml'), 'name: two\n');
  const wanted = { path: join(directory, 'a', 'one.yaml'), directory: join(directory, 'a'), name: 'one' };
  const overrides = [{ path: join(directory, 'two.yaml'), text: 'name: two\n' }];
  const files = ['a/one.yaml', 'two.yaml'];
  expect(await requireProject({ cwd: directory, env: {}, files })).toMatchObject({ ...wanted, overrides });
  const env = { COMPOSE_FILE: files.join(':') };
  expect(await requireProject({ cwd: directory, env })).toMatchObject({ ...wanted, overrides });
});

test('reads a file from standard input', async () => {
  const readInput = async (): Promise<string> => 'name: piped\n';
  const project = await requireProject({ cwd: directory, env: {}, files: ['-'], readInput });
  expect(project).toMatchObject({ name: 'piped', directory, path: '-' });
});

test('says which file is not there', async () => {
  const project = requireProject({ cwd: directory, env: {}, files: ['nowhere.yaml'] });
  await expect(project).rejects.toMatchObject({
    code: 'bad-request',
    message: 'There is no file nowhere.yaml',
  });
});

test('a directory in place of a file is an error of the command line', async () => {
  const project = requireProject({ cwd: directory, env: {}, files: ['.'] });
  await expect(project).rejects.toMatchObject({ code: 'bad-request' });
});

test('the environment is the one named, else that of the project around', async () => {
  await writeFile(join(directory, 'compose.yaml'), 'name: around\n');
  expect(await environmentName('given', { cwd: directory, env: {} })).toBe('given');
  expect(await environmentName(undefined, { cwd: directory, env: {} })).toBe('around');
});

test('without a name and without a project it says what to do', async () => {
  const name = environmentName(undefined, { cwd: join('/', 'proc'), env: {} });
  await expect(name).rejects.toMatchObject({ code: 'bad-request', exitCode: 2 });
});
