import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  startBerth,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { output } from './rig/program.ts';
import { projectWithFiles, writeFiles } from './rig/project.ts';
import { workDirectory } from './rig/tiny.ts';

const INPUT = 2;
const CONFLICT = 4;
/** It may have to make the base template first, on a busy host. */
const UP_TIMEOUT_MS = 480_000;

interface Synced {
  readonly sent: readonly string[];
  readonly removed: readonly string[];
}

interface Brought {
  readonly brought: readonly string[];
  readonly conflicts: readonly string[];
}

let directory: string;
let outside: string;
let site: Environment;
let said: string;

beforeAll(async () => {
  await prepareAlone();
  directory = await projectWithFiles('files');
  outside = workDirectory('files-outside');
  writeFileSync(join(outside, 'note.txt'), 'outside\n');
  symlinkSync(outside, join(directory, 'site/way-out'));
  const { code, stderr } = await berth(['up', '--name', 'files'], {
    cwd: directory,
    timeoutMs: UP_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(stderr);
  said = stderr;
  site = await inspect('files');
});
afterAll(async () => {
  await removeAllEnvironments();
  for (const path of [directory, outside]) rmSync(path, { recursive: true, force: true });
});

const page = (path: string, service = 'web') => get(`${urlOf(site, service)}/${path}`);
const sync = () => berthJson<Synced>(['sync', 'files']);

describe('up', () => {
  test('a relative bind mount shows the project, and an included file has its own', async () => {
    expect(await page('')).toBe('first\n');
    expect(await page('', 'included')).toBe('included\n');
  });

  test('an image is built from the project, from one that was loaded', async () => {
    expect(await page('built.html', 'built')).toBe('built\n');
    expect(await page('ran.html', 'built')).toBe('ran\n');
  });

  test('env_file, .env, override file, configs and secrets have what they name', async () => {
    const shown = await inService(
      'files',
      'web',
      'echo $COLOUR $SHADE $OVERRIDDEN; cat /page.txt /run/secrets/hush /data/in.txt',
    );
    expect(shown).toBe('blue dark yes\nfirst\nhush\nin\n');
  });

  test('a link out of the project is told, stays a link, and leads nowhere', async () => {
    expect(said).toContain(`site/way-out is a link to ${outside}, out of the project`);
    expect(
      await inMachine('files', `readlink ${directory}/site/way-out; ls ${outside} 2>&1 || true`),
    ).toMatch(/files-outside\n.*No such file/);
  });

  test('what .berthignore names and archives of images stay here', async () => {
    expect((await inMachine('files', `ls -A ${directory}`)).split('\n')).toEqual(
      expect.not.arrayContaining(['node_modules', 'tiny.tar']),
    );
  });

  test.each([
    ['mounts', 'volumes: ["../files-outside:/o"]', 'services.a.volumes[0]'],
    ['mounts through a link', 'volumes: ["./site/way-out:/o"]', 'services.a.volumes[0]'],
    ['env files', 'env_file: ../files-outside/note.txt', 'services.a.env_file'],
    ['builds', 'build: ../files-outside', 'services.a.build'],
  ])(
    '%s outside of the project are refused before anything starts, with what allows them',
    async (_, key, path) => {
      const file = join(directory, 'wrong.yaml');
      writeFileSync(file, `services:\n  a:\n    image: x\n    ${key}\n`);
      const failure = await berthFails(['up', '-f', file, '--name', 'wrong']);
      rmSync(file);
      expect(failure).toMatchObject({
        code: 'compose-unsupported',
        exitCode: INPUT,
        problems: [{ path, line: 4 }],
      });
      expect(failure.problems?.[0]?.message).toContain(`--allow-mount ${outside}`);
      expect(await berthFails(['inspect', 'wrong'])).toMatchObject({ code: 'not-found' });
    },
  );

  test("the machine's own directories cannot be allowed, nor what is not there", async () => {
    const failure = await berthFails(['up', '--allow-mount', '/etc', '--allow-mount', '/no/where'], {
      cwd: directory,
    });
    expect(failure).toMatchObject({ code: 'bad-request', exitCode: INPUT });
    expect(failure.problems?.map(({ message }) => message)).toEqual([
      expect.stringContaining("the machine's own system at /etc"),
      'there is no /no/where',
    ]);
  });
});

describe('sync', () => {
  test('sends what has changed, removes what is gone, and leaves what the machine made', async () => {
    await inService('files', 'web', 'echo made >/data/made.txt');
    writeFileSync(join(directory, 'site/index.html'), 'second\n');
    rmSync(join(directory, 'site/old.html'));
    const { sent, removed } = await sync();
    expect(sent.filter((path) => path.endsWith('.html'))).toEqual([join(directory, 'site/index.html')]);
    expect(removed).toEqual([join(directory, 'site/old.html')]);
    expect(await page('')).toBe('second\n');
    const there = (await inService('files', 'web', 'ls /www /data')).split('\n');
    expect(there).toEqual(expect.arrayContaining(['index.html', 'made.txt']));
    expect(there).not.toContain('old.html');
    expect((await sync()).sent).toEqual([]);
  });

  test('10 000 files, and then one of them', async () => {
    for (let index = 0; index < 10_000; index += 1) {
      if (index % 100 === 0) mkdirSync(join(directory, `many/d${index / 100}`), { recursive: true });
      writeFileSync(join(directory, `many/d${Math.floor(index / 100)}/f${index}`), `${index}\n`);
    }
    expect((await sync()).sent).toHaveLength(10_101);
    writeFileSync(join(directory, 'many/d42/f4242'), 'changed\n');
    expect((await sync()).sent).toEqual([join(directory, 'many/d42/f4242')]);
    expect(
      await inMachine('files', `cat ${directory}/many/d42/f4242; find ${directory}/many -type f | wc -l`),
    ).toBe('changed\n10000\n');
  });

  test('--back brings what containers changed, and never over what has changed here', async () => {
    await inService(
      'files',
      'web',
      'echo theirs >/data/in.txt; echo new >/data/new.txt; ln -s in.txt /data/link',
    );
    writeFileSync(join(directory, 'site/index.html'), 'third\n');
    await inService('files', 'web', 'echo theirs >/www/index.html');
    const { code, stdout, stderr } = await berth(['sync', 'files', '--back', '--json']);
    expect(code).toBe(CONFLICT);
    expect(stderr).toContain('--force');
    const { brought, conflicts } = JSON.parse(stdout) as Brought;
    const names = ['in.txt', 'link', 'made.txt', 'new.txt'].map((name) => join(directory, 'data', name));
    expect(brought.filter((path) => !path.endsWith('/data'))).toEqual(names);
    expect(conflicts).toEqual([join(directory, 'site/index.html')]);
    expect(readFileSync(join(directory, 'data/in.txt'), 'utf8')).toBe('theirs\n');
    expect(readlinkSync(join(directory, 'data/link'))).toBe('in.txt');
    expect(readFileSync(join(directory, 'site/index.html'), 'utf8')).toBe('third\n');
    await berthOk(['sync', 'files', '--back', '--force', join(directory, 'site/index.html')]);
    expect(readFileSync(join(directory, 'site/index.html'), 'utf8')).toBe('theirs\n');
    expect((await sync()).sent).toEqual([]);
  });
});

test('watch shows a change within two seconds, does what develop.watch says, and ends with Ctrl-C', async () => {
  await using watching = startBerth(['watch', 'files']);
  await expect.poll(() => watching.stderr).toContain('Ctrl-C ends it');
  const times: number[] = [];
  for (const text of ['a', 'b', 'c']) {
    const startedMs = performance.now();
    writeFileSync(join(directory, 'site/index.html'), `${text}\n`);
    await expect.poll(() => page(''), { interval: 50 }).toBe(`${text}\n`);
    times.push(performance.now() - startedMs);
  }
  expect(Math.min(...times)).toBeLessThan(2_000);
  writeFiles(directory, { 'live/d/y.txt': 'y\n' });
  await expect.poll(() => watching.stdout).toContain('web: ran touch /tmp/reloaded');
  expect(await inService('files', 'web', 'cat /tmp/live/d/y.txt; ls /tmp')).toBe('y\nlive\nreloaded\n');
  watching.kill('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 0 });
});

describe('cp', () => {
  let work: string;

  beforeAll(() => {
    rmSync(workDirectory('files-cp'), { recursive: true, force: true });
    work = workDirectory('files-cp');
    writeFiles(work, { 'tree/a.txt': 'a\n', 'tree/d/b.txt': 'b\n' });
  });

  test('into a service and back, with the rules of docker cp', async () => {
    await berthOk(['cp', join(work, 'tree'), 'files/web:/tmp']);
    await berthOk(['cp', join(work, 'tree/a.txt'), 'files/web:/tmp/renamed.txt']);
    expect(await inService('files', 'web', 'cat /tmp/tree/d/b.txt /tmp/renamed.txt')).toBe('b\na\n');
    await berthOk(['cp', 'files/web:/tmp/tree', work + '/back']);
    await berthOk(['cp', 'files/web:/tmp/tree/a.txt', work]);
    await berthOk(['cp', 'files/web:/tmp/tree/.', join(work, 'tree')]);
    expect(readFileSync(join(work, 'back/d/b.txt'), 'utf8')).toBe('b\n');
    expect(readFileSync(join(work, 'a.txt'), 'utf8')).toBe('a\n');
    expect(existsSync(join(work, 'tree/tree'))).toBe(false);
  });

  test('into the machine and back, and as an archive', async () => {
    await berthOk(['cp', join(work, 'tree/.'), 'files:/srv/new']);
    expect(await inMachine('files', 'cat /srv/new/a.txt; stat -c %u /srv/new/a.txt')).toBe('a\n0\n');
    const archive = await output(
      ['sh', '-c', '"$0" cp files:/srv/new - | tar -t | sort', join(import.meta.dirname, '../../berth')],
      { env: { ...process.env, BERTH_HOME: sharedHome() } },
    );
    expect(archive).toBe('new/\nnew/a.txt\nnew/d/\nnew/d/b.txt\n');
    const packed = await output(['tar', '-C', join(work, 'tree'), '-cf', join(work, 't.tar'), 'a.txt']);
    expect(packed).toBe('');
    await berthOk(['cp', '-', 'files/web:/tmp/live'], { input: readFileSync(join(work, 't.tar')) });
    expect(await inService('files', 'web', 'cat /tmp/live/a.txt')).toBe('a\n');
  });

  test('what is not there, on either side, is told with what to do', async () => {
    expect(await berthFails(['cp', 'files:/no/such', work])).toMatchObject({ code: 'guest-command-failed' });
    expect(await berthFails(['cp', join(work, 'nothing'), 'files:/tmp'])).toMatchObject({
      code: 'bad-request',
    });
    expect(await berthFails(['cp', 'files/db:/x', work])).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('its services: '),
    });
    expect(await berthFails(['cp', work, work])).toMatchObject({ code: 'bad-request' });
  });

  test('an archive with a link to climb by is refused on this host', async () => {
    const service = 'ln -s ../../../.. /tmp/tree/way; mkdir -p /tmp/evil; ln -s /etc /tmp/evil/l';
    await inService('files', 'web', service);
    mkdirSync(join(work, 'evil'), { recursive: true });
    symlinkSync(outside, join(work, 'evil/d'));
    await inService('files', 'web', 'mkdir /tmp/evil/d; echo x >/tmp/evil/d/note.txt');
    expect(await berthFails(['cp', 'files/web:/tmp/evil/.', join(work, 'evil')])).toMatchObject({
      code: 'archive-unsafe',
      exitCode: INPUT,
    });
    expect(readFileSync(join(outside, 'note.txt'), 'utf8')).toBe('outside\n');
  });
});

test('a fork has the files, and they diverge', async () => {
  await fork('files', '--name', 'twin');
  const path = `${directory}/data/in.txt`;
  await inMachine('twin', `echo twin >${path}`);
  expect(await inMachine('twin', `cat ${path}`)).toBe('twin\n');
  expect(await inMachine('files', `cat ${path}`)).toBe('theirs\n');
  writeFileSync(join(directory, 'site/index.html'), 'for the twin\n');
  expect((await berthJson<Synced>(['sync', 'twin'])).sent).toEqual([join(directory, 'site/index.html')]);
  expect(await get(urlOf(await inspect('twin')))).toBe('for the twin\n');
  expect(await page('')).toBe('c\n');
});

test('what was allowed outside stays, over a stop and start', async () => {
  const file = join(directory, 'compose.override.yaml');
  writeFileSync(file, `services:\n  web:\n    volumes: ["${outside}:/o:ro"]\n`);
  await berthOk(['up', '--name', 'files', '--allow-mount', outside], { cwd: directory });
  expect(await inService('files', 'web', 'cat /o/note.txt')).toBe('outside\n');
  await berthOk(['stop', 'files']);
  await berthOk(['start', 'files']);
  expect(await inService('files', 'web', 'cat /o/note.txt /data/in.txt')).toBe('outside\ntheirs\n');
  expect((await sync()).sent).toEqual([]);
});
