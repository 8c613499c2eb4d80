import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageCache, Operation } from '../../src/model/index.ts';
import {
  berthFails,
  berthJson,
  berthOk,
  environments,
  inMachine,
  inspect,
  operations,
  removeEnvironments,
} from './rig/berth.ts';
import { BadRegistry } from './rig/bad-registry.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { makeTinyImage, workDirectory } from './rig/tiny.ts';
import { PASSWORD, tinyParts, UpstreamRegistry, USER } from './rig/upstream-registry.ts';

let upstream: UpstreamRegistry;
let file: string;
let withLogin: { readonly env: NodeJS.ProcessEnv };
let withoutLogin: { readonly env: NodeJS.ProcessEnv };

const caches = () => berthJson<ImageCache[]>(['cache', 'ls']);

/** A Compose file; each service is a name and its image. */
function writeCompose(path: string, services: Readonly<Record<string, string>>): void {
  const lines = Object.entries(services).map(
    ([name, image], index) => `  ${name}:\n    image: ${image}\n    ports: ["${8080 + index}:80"]\n`,
  );
  writeFileSync(path, `services:\n${lines.join('')}`);
}

function loginDirectory(name: string, auths: object): { readonly env: NodeJS.ProcessEnv } {
  const directory = workDirectory(name);
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths }));
  return { env: { ...process.env, DOCKER_CONFIG: directory } };
}

beforeAll(async () => {
  await prepareAlone();
  const directory = workDirectory('cache');
  await makeTinyImage(directory);
  upstream = await UpstreamRegistry.start(join(directory, 'registry'));
  const { config, layer } = tinyParts(directory);
  for (const repository of ['team/open', 'team/secret']) await upstream.push(repository, '1', config, layer);
  file = join(directory, 'compose.yaml');
  writeCompose(file, { web: `${upstream.open}/team/open:1`, private: `${upstream.guarded}/team/secret:1` });
  const settings = { registries: { [upstream.guarded]: { ca: upstream.ca } } };
  writeFileSync(join(sharedHome(), 'registries.yaml'), JSON.stringify(settings));
  const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
  withLogin = loginDirectory('cache-login', {
    [upstream.guarded]: { auth },
    'elsewhere.example.com': { auth },
  });
  withoutLogin = loginDirectory('cache-nobody', {});
});

afterAll(async () => {
  await upstream?.stop();
  rmSync(join(sharedHome(), 'registries.yaml'), { force: true });
  const names = (await environments()).map(({ name }) => name);
  await removeEnvironments(names.filter((name) => name.startsWith('cache-')));
});

test('a private image without credentials is refused with image, service, line and remedy', async () => {
  const failure = await berthFails(['up', '-f', file, '--name', 'cache-one'], withoutLogin);
  expect(failure).toMatchObject({ code: 'registry-denied', exitCode: 2 });
  expect(failure.message).toContain(`image "${upstream.guarded}/team/secret:1" of service "private"`);
  expect(failure.remedy).toContain(`docker login ${upstream.guarded}`);
  expect(failure.problems).toMatchObject([{ path: 'services.private.image', line: 6 }]);
});

test('with what `docker login` has left it is pulled, and the credential is nowhere else', async () => {
  await berthOk(['up', '-f', file, '--name', 'cache-one'], withLogin);
  const one = await inspect('cache-one');
  expect(await get(urlOf(one, 'web'))).toBe('hello\n');
  expect(await get(urlOf(one, 'private'))).toBe('hello\n');
  const found = await caches();
  const secret = found.find(({ registry, private: own }) => registry === upstream.guarded && own);
  expect(secret?.images.map(({ name }) => name)).toEqual([`${upstream.guarded}/team/secret:1`]);
  expect(secret?.environments).toEqual(['cache-one']);
  const kept = join(sharedHome(), 'cache', secret?.id ?? '', 'credential.json');
  expect(statSync(kept).mode & 0o777).toBe(0o600);
  expect(statSync(kept).uid).toBe(0);
  const [last] = await operations();
  const shown = JSON.stringify([
    one,
    found,
    last,
    await berthJson<Operation>(['operation', 'show', last?.id ?? '']),
  ]);
  expect(shown).not.toContain(PASSWORD);
  for (const name of readdirSync(sharedHome())) {
    if (!/^(berth\.db|daemon\.log)/.test(name)) continue;
    expect(readFileSync(join(sharedHome(), name)).includes(PASSWORD)).toBe(false);
  }
  expect(await inMachine('cache-one', 'cat /etc/containers/registries.conf.d/*')).not.toContain(PASSWORD);
});

test('registries that misbehave are told apart, and nothing of them is kept', async () => {
  await using bad = await BadRegistry.start();
  const kinds = ['garbage', 'tampered', 'limited', 'cut', 'missing'];
  const project = join(workDirectory('cache-bad'), 'compose.yaml');
  writeCompose(project, Object.fromEntries(kinds.map((kind) => [kind, `${bad.host}/bad/${kind}:1`])));
  const startedAt = performance.now();
  const failure = await berthFails(['up', '-f', project, '--name', 'cache-one'], withoutLogin);
  expect(performance.now() - startedAt).toBeLessThan(60_000);
  const told = new Map(failure.problems?.map(({ path, message }) => [path.split('.')[1], message]));
  expect(told.get('garbage')).toContain('no image manifest (text/html)');
  expect(told.get('tampered')).toContain('wrong digest');
  expect(told.get('limited')).toContain('429 Too Many Requests');
  expect(told.get('cut')).toContain('cut the connection');
  expect(told.get('missing')).toContain('404 Not Found');
  const kept = (await caches()).find(({ registry }) => registry === bad.host)?.images ?? [];
  expect(kept.map(({ name }) => name).filter((name) => !name.includes('tampered'))).toEqual([]);
});

test('an environment without the credential cannot read what was fetched with it', async () => {
  const secret = (await caches()).find(({ private: own }) => own);
  const path = `100.64.0.1:64640/v2/${secret?.id}/team/secret/manifests/1`;
  const answer = await inMachine('cache-one', `busybox wget -O - http://${path} 2>&1 || true`);
  expect(answer).toContain('403');
});

test('a second environment starts the same images while the registry is stopped', async () => {
  // Both images have the same layer, and the first machine took it from one cache alone: the other is completed by itself.
  const kept = async () => (await caches()).find(({ private: own }) => own)?.bytes ?? 0;
  await expect.poll(kept, { timeout: 30_000, interval: 500 }).toBeGreaterThan(1_000_000);
  await upstream.stop();
  await berthOk(['up', '-f', file, '--name', 'cache-two'], withLogin);
  const two = await inspect('cache-two');
  expect(await get(urlOf(two, 'web'))).toBe('hello\n');
  expect(await get(urlOf(two, 'private'))).toBe('hello\n');
});

test('prune takes images out and gives their disk space back', async () => {
  const before = await caches();
  expect(before.some(({ pid }) => pid !== undefined)).toBe(true);
  expect(await berthJson(['cache', 'prune', '--older-than', '1d', '--yes'])).toMatchObject({ images: [] });
  const pruned = await berthJson<{ images: string[]; freedBytes: number }>([
    'cache',
    'prune',
    '--all',
    '--yes',
  ]);
  expect(pruned.images).toContain(`${upstream.open}/team/open:1`);
  expect(pruned.freedBytes).toBeGreaterThan(1_000_000);
  expect((await caches()).flatMap(({ images }) => images)).toEqual([]);
});
