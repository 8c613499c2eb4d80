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

test('reads .env beside the file and tells of override files', async () => {
  await writeFile(join(directory, 'stack.yaml'), 'name: $NAME\n');
  await writeFile(join(directory, '.env'), 'NAME=from-env\nOTHER=1\n');
  await writeFile(join(directory, 'compose.override.yaml'), '');
  const project = await requireProject({ cwd: '/', env: {}, file: join(directory, 'stack.yaml') });
  expect(project).toMatchObject({
    name: 'from-env',
    variables: { NAME: 'from-env' },
    ignored: ['compose.override.yaml'],
  });
});

test('reads a file from standard input', async () => {
  const readInput = async (): Promise<string> => 'name: piped\n';
  const project = await requireProject({ cwd: directory, env: {}, file: '-', readInput });
  expect(project).toMatchObject({ name: 'piped', directory, path: '-' });
});

test('says which file is not there', async () => {
  const project = requireProject({ cwd: directory, env: {}, file: 'nowhere.yaml' });
  await expect(project).rejects.toMatchObject({
    code: 'bad-request',
    message: 'There is no file nowhere.yaml',
  });
});

test('a directory in place of a file is an error of the command line', async () => {
  const project = requireProject({ cwd: directory, env: {}, file: '.' });
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
