import { closeSync, existsSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment, Template } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthOk,
  fork,
  inspect,
  removeAllEnvironments,
  removeEnvironments,
  templates,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { ELDER, prepareAlone } from './rig/prepare.ts';
import { tinyProject } from './rig/tiny.ts';
import { stateOf } from './rig/unchanged.ts';

const CONFLICT = 4;
const NOT_FOUND = 3;
const MACHINE = 7;
const count = async (environment: Environment) => Number(await get(`${urlOf(environment)}/cgi-bin/count`));
const fileOf = ({ id }: Template, name: string): string => join(sharedHome(), 'templates', id, name);

let file: string;
let parent: Environment;

async function templateNamed(name: string): Promise<Template> {
  const found = (await templates()).findLast((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no template ${name}`);
  return found;
}

async function baseTemplate(): Promise<Template> {
  return templateNamed('base-debian-13-1x512mib-8g');
}

async function refusesToRemove(name: string, users: readonly string[]): Promise<void> {
  const { code, stderr } = await berth(['template', 'rm', name]);
  expect(code).toBe(CONFLICT);
  for (const user of users) expect(stderr).toContain(user);
  expect(stderr).toContain('next:');
}

/** Changes one byte in the middle of a file, as a failing disk does. */
function flipByte(path: string): void {
  const descriptor = openSync(path, 'r+');
  const position = Math.floor(statSync(path).size / 2);
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, position);
  writeSync(descriptor, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, position);
  closeSync(descriptor);
}

beforeAll(async () => {
  await prepareAlone();
  file = await tinyProject('templates');
  await berthOk(['up', '-f', file, '--name', 'source']);
  parent = await inspect('source');
});
afterAll(() => removeAllEnvironments());

describe('a template made from a running environment', () => {
  beforeAll(async () => {
    expect(await count(parent)).toBe(1);
    await berthOk(['template', 'create', 'source', 'kept']);
  });

  test('is listed with where it came from, and the environment goes on', async () => {
    expect(await templateNamed('kept')).toMatchObject({
      kind: 'environment',
      source: 'source',
      shape: { memoryMib: 512 },
    });
    expect(await inspect('source')).toMatchObject({ state: 'running', pid: parent.pid });
    expect(await count(parent)).toBe(2);
    expect(await berthOk(['template', 'ls'])).toMatch(/kept\s+environment\s+source/);
  });

  test('is forked as often as one likes, from the moment at which it was frozen, without any pause of its source', async () => {
    const forks = await fork('kept', '--count', '2');
    expect(forks.map(({ name, parent: from, fork: report }) => [name, from, report?.parentPausedMs])).toEqual(
      [
        ['kept-fork-1', 'kept', 0],
        ['kept-fork-2', 'kept', 0],
      ],
    );
    expect(await Promise.all(forks.map(count))).toEqual([2, 2]);
  });

  test('is not removed while environments stand on it, and those are named', async () => {
    await refusesToRemove('kept', ['kept-fork-1', 'kept-fork-2', 'source']);
    expect((await templateNamed('kept')).users).toBe(3);
    await removeEnvironments(['kept-fork-2']);
    await refusesToRemove('kept', ['kept-fork-1', 'source']);
  });

  test('outlives the environment that it was made from, and goes when nobody stands on it any more', async () => {
    await removeEnvironments(['source', 'kept-fork-1']);
    const [late] = await fork('kept', '--name', 'late');
    expect(await count(late as Environment)).toBe(2);
    await removeEnvironments(['late']);
    const { id } = await templateNamed('kept');
    await berthOk(['template', 'rm', 'kept']);
    expect((await templates()).map(({ name }) => name)).not.toContain('kept');
    expect(existsSync(join(sharedHome(), 'templates', id))).toBe(false);
    expect(await berth(['template', 'rm', 'kept'])).toMatchObject({ code: NOT_FOUND });
  });
});

describe('a fork point', () => {
  test('gives its memory back with the last fork, and its disk with the environment that was forked', async () => {
    const [first] = await fork(ELDER, '--name', 'first');
    const [twin] = await fork('first', '--name', 'twin');
    const point = (await templates()).find(({ kind }) => kind === 'fork-point') as Template;
    expect(point).toMatchObject({ source: 'first', users: 2 });
    expect(existsSync(fileOf(point, 'state'))).toBe(true);
    await refusesToRemove(point.name, ['first', 'twin']);
    expect([await count(first as Environment), await count(twin as Environment)]).toEqual([1, 1]);
    await removeEnvironments(['twin']);
    expect(existsSync(fileOf(point, 'state'))).toBe(false);
    expect(await count(first as Environment)).toBe(2);
    await removeEnvironments(['first']);
    expect((await templates()).filter(({ kind }) => kind === 'fork-point')).toEqual([]);
    expect(existsSync(join(sharedHome(), 'templates', point.id))).toBe(false);
  });
});

describe('a template whose files have changed', () => {
  test.for(['state', 'disk.qcow2'])(
    'in one byte of its %s is refused by the next daemon; nothing is begun',
    async (name) => {
      await fork(ELDER, '--name', 'whole');
      await berthOk(['template', 'create', 'whole', 'spoilt']);
      await removeEnvironments(['whole']);
      await berthOk(['daemon', 'stop']);
      flipByte(fileOf(await templateAtRest('spoilt'), name));
      const before = await stateOf();
      const failure = await berthFails(['fork', 'spoilt', '--name', 'wrong']);
      expect(failure).toMatchObject({
        code: 'template-invalid',
        exitCode: MACHINE,
        message: expect.stringContaining(
          name === 'state' ? 'the memory of template "spoilt"' : 'the disk of template "spoilt"',
        ),
        remedy: expect.stringContaining('./berth template rm spoilt'),
      });
      await expect.poll(() => stateOf(), { timeout: 10_000 }).toEqual(before);
      // The daemon looks at all templates, one after the other.
      await expect
        .poll(() => berthOk(['events']), { timeout: 30_000 })
        .toMatch(/template\.invalid {2}spoilt/);
      await berthOk(['template', 'rm', 'spoilt']);
    },
  );

  test('is made again by itself where it is a base template', async () => {
    const damaged = await baseTemplate();
    await berthOk(['daemon', 'stop']);
    flipByte(fileOf(damaged, 'state'));
    await berthOk(['up', '-f', file, '--name', 'repaired']);
    const fresh = await baseTemplate();
    expect(fresh.id).not.toBe(damaged.id);
    expect(await inspect('repaired')).toMatchObject({ state: 'running', template: fresh.id });
    expect(await get(`${urlOf(await inspect('repaired'))}/`)).toBe('hello\n');
    expect(existsSync(fileOf(damaged, 'state'))).toBe(false);
  });

  // It stays for the tests that come after: making one takes most of a minute.
  test('and is not removed while an environment uses it', async () => {
    const { name, id } = await baseTemplate();
    await refusesToRemove(name, ['repaired']);
    expect((await baseTemplate()).id).toBe(id);
  });
});

/** As the last daemon left it: reading it must not start the next one. */
async function templateAtRest(name: string): Promise<Template> {
  const found = await templateNamed(name);
  await berthOk(['daemon', 'stop']);
  return found;
}
