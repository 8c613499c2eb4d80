import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client, EnvironmentsApi } from '../../../src/client/index.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { createFakeCli, runFake } from './fake-cli.ts';
import { environment } from './samples.ts';

const client: Partial<Client> = {
  environments: { get: async () => environment() } as Partial<EnvironmentsApi> as EnvironmentsApi,
};
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-docker-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Puts a program named docker first on the path; it writes its arguments to `called`, one call a line. */
function fakeDocker(script: string): void {
  const path = join(directory, 'docker');
  writeFileSync(path, `#!/bin/sh\necho "$@" >>${directory}/called\n${script}\n`);
  chmodSync(path, 0o755);
}

/** One that knows a context. */
function fakeContext(Description: string | undefined, Host: string): void {
  const known = JSON.stringify([{ Metadata: { Description }, Endpoints: { docker: { Host } } }]);
  fakeDocker(`[ "$2" = inspect ] && echo '${known}'; exit 0`);
}

const called = () => readFileSync(join(directory, 'called'), 'utf8').trim().split('\n');

/** Runs a command line where docker is the fake one, or none. */
async function runHere(env: Record<string, string>, ...argv: string[]) {
  const cli = { ...createFakeCli(client), env: { PATH: `${directory}:/usr/bin:/bin`, ...env } };
  const program = await createProgram(cli, argv, () => undefined);
  await program.parseAsync(argv, { from: 'user' });
  return { out: cli.out.text(), exitCode: cli.exitCode() };
}

test('docker-env prints exports, and how a shell reads them', async () => {
  expect((await runFake(client, 'docker-env', 'shop', '--shell', 'bash')).out).toBe(
    [
      'export DOCKER_HOST=unix:///run/berth/docker/shop.sock',
      'export DOCKER_BUILDKIT=0',
      'export TESTCONTAINERS_HOST_OVERRIDE=127.88.0.2',
      'export TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE=/var/run/docker.sock',
      '# eval "$(./berth docker-env shop)"',
      '',
    ].join('\n'),
  );
});

test.each([
  [{ SHELL: '/usr/bin/fish' }, 'set -gx DOCKER_BUILDKIT 0;', '# ./berth docker-env shop | source'],
  [{ SHELL: '/usr/bin/pwsh' }, "$Env:DOCKER_BUILDKIT = '0'", '| Out-String | Invoke-Expression'],
  [{ SHELL: '/bin/tcsh' }, 'export DOCKER_BUILDKIT=0', '# eval'],
])('docker-env speaks the language of %j', async (env, line, usage) => {
  const { out } = await runHere(env, 'docker-env', 'shop');
  expect(out).toContain(`${line}\n`);
  expect(out).toContain(usage);
});

test('docker-env takes away what would lead elsewhere', async () => {
  const { out } = await runHere({ DOCKER_TLS_VERIFY: '1' }, 'docker-env', 'shop');
  expect(out).toContain('unset DOCKER_TLS_VERIFY\n');
  expect(out).not.toContain('unset DOCKER_CONTEXT');
});

test('docker-env --unset needs no environment and no daemon', async () => {
  const { out } = await runFake({}, 'docker-env', '--unset', '--shell', 'fish');
  expect(out).toContain('set -e DOCKER_HOST;\n');
  expect(JSON.parse((await runFake({}, 'docker-env', '--unset', '--json')).out)).toContain('DOCKER_HOST');
});

test.each([
  ['bash', `export DOCKER_HOST='unix:///it'\\''s here.sock'`],
  ['fish', `set -gx DOCKER_HOST 'unix:///it\\'s here.sock';`],
  ['powershell', `$Env:DOCKER_HOST = 'unix:///it''s here.sock'`],
])('docker-env quotes for %s', async (shell, line) => {
  const get = async () => environment({ dockerSocket: "/it's here.sock" });
  const odd = { environments: { get } as Partial<EnvironmentsApi> as EnvironmentsApi };
  expect((await runFake(odd, 'docker-env', 'shop', '--shell', shell)).out).toContain(`${line}\n`);
});

test('docker runs the program found with the variables, and ends as it does', async () => {
  fakeDocker(`echo "$DOCKER_HOST $DOCKER_CONTEXT" >>${directory}/called; exit 7`);
  const argv = ['docker', 'shop', '--', 'run', '--rm', '-it', 'x'];
  expect(await runHere({ DOCKER_CONTEXT: 'other' }, ...argv)).toMatchObject({ exitCode: 7 });
  expect(called()).toEqual(['run --rm -it x', 'unix:///run/berth/docker/shop.sock']);
});

test('docker that a signal ends has an exit code as in a shell', async () => {
  fakeDocker('kill -TERM $$');
  expect(await runHere({}, 'docker', 'shop', '--', 'ps')).toMatchObject({ exitCode: 143 });
});

test('without a docker command line the error says how to get one', async () => {
  const missing = { code: 'tool-missing', remedy: expect.stringContaining('apt install') as unknown };
  await expect(runHere({ PATH: directory }, 'docker', 'shop', '--', 'ps')).rejects.toMatchObject(missing);
});

test('context create makes one, leaves one alone that is right, and refuses that of somebody else', async () => {
  fakeDocker('[ "$2" = inspect ] && exit 1; exit 0');
  expect((await runHere({}, 'context', 'create', 'shop')).out).toBe('docker --context berth-shop ps\n');
  expect(called().at(-1)).toBe(
    'context create berth-shop --description Berth environment shop --docker host=unix:///run/berth/docker/shop.sock',
  );
  fakeContext('Berth environment shop', 'unix:///run/berth/docker/shop.sock');
  await runHere({}, 'context', 'create', 'shop');
  expect(called().at(-1)).toMatch(/^context inspect/);
  fakeContext('Berth environment shop', 'unix:///elsewhere.sock');
  await runHere({}, 'context', 'create', 'shop');
  expect(called().at(-1)).toMatch(/^context update berth-shop/);
  fakeContext(undefined, 'unix:///mine.sock');
  await expect(runHere({}, 'context', 'create', 'shop', '--name', 'mine')).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('context rm removes what it made, also when the environment is gone', async () => {
  fakeContext('Berth environment shop', 'unix:///x');
  expect((await runHere({}, 'context', 'rm', 'shop')).out).toBe('berth-shop\n');
  expect(called().at(-1)).toBe('context rm --force berth-shop');
  fakeDocker('exit 1');
  await expect(runHere({}, 'context', 'rm', 'shop')).rejects.toMatchObject({ code: 'not-found' });
});
