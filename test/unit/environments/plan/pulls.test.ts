import { expect, test } from 'vitest';
import { parseCompose } from '../../../../src/compose/index.ts';
import { berthError } from '../../../../src/errors/index.ts';
import { explainEngine } from '../../../../src/environments/plan/explain-pull.ts';
import { isAmong, registriesOf, wantedImages } from '../../../../src/environments/plan/pulls.ts';
import { readCredentials } from '../../../../src/environments/plan/read-credentials.ts';

const FILE = `services:
  web:
    image: nginx
  other:
    image: nginx
    platform: linux/arm64
  again:
    image: nginx
    pull_policy: always
  app:
    image: ghcr.io/\${OWNER}/app:1
  off:
    image: quay.io/x/y
    pull_policy: never
  none:
    image: quay.io/x/z
    scale: 0
`;

function wanted() {
  const { project, problems } = parseCompose(FILE, { variables: { OWNER: 'ann' } });
  if (project === undefined) throw new Error(JSON.stringify(problems));
  return wantedImages(project);
}

test('wants each image once, with its services, its first line and whether it must be asked for', () => {
  expect(wanted()).toMatchObject([
    { image: 'nginx', services: ['web', 'again'], line: 3, always: true },
    { image: 'nginx', services: ['other'], platform: 'linux/arm64', always: false },
    { image: 'ghcr.io/ann/app:1', services: ['app'], always: false },
  ]);
});

test('names the registries of files, whatever else is wrong with them', () => {
  const files = [FILE, 'services: { x: { image: "localhost:5000/x", nonsense: 1 } }', 'not: [yaml'];
  expect(registriesOf(files, { OWNER: 'ann' })).toEqual([
    'docker.io',
    'ghcr.io',
    'localhost:5000',
    'quay.io',
  ]);
});

test('knows an image by the name that the engine gives it', () => {
  const [nginx] = wanted();
  if (nginx === undefined) throw new Error('no image');
  expect(isAmong(nginx, new Set(['docker.io/library/nginx:latest']))).toBe(true);
  expect(isAmong(nginx, new Set(['docker.io/library/nginx:1']))).toBe(false);
});

test.each([
  ['toomanyrequests: You have reached your pull rate limit', 'limited'],
  ['unauthorized: authentication required', 'denied'],
  ['manifest unknown', 'missing'],
  ['Get "https://x/v2/": dial tcp: i/o timeout', 'unreachable'],
] as const)('the engine’s "%s" means %s', (words, kind) => {
  const error = berthError('engine-failed', `the container engine says: ${words}`);
  expect(explainEngine(error, 'quay.io')).toEqual({ kind, registry: 'quay.io', message: words });
});

test('an incomplete credential is refused without showing it', () => {
  const given = [{ registry: 'quay.io', password: 's3cret' }];
  expect(() => readCredentials(given)).toThrow('a credential is incomplete');
  expect(readCredentials([{ registry: 'quay.io', username: 'ann', password: '' }])).toHaveLength(1);
});
