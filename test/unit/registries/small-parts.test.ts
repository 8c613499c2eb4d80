import { expect, test } from 'vitest';
import { parseChallenge } from '../../../src/registries/challenge.ts';
import { fingerprint } from '../../../src/registries/credential.ts';
import { endpointsOf } from '../../../src/registries/endpoint.ts';
import { retryAfter } from '../../../src/registries/explain-failure.ts';
import { guestConfiguration } from '../../../src/registries/guest-configuration.ts';
import { checkManifest } from '../../../src/registries/manifest.ts';
import { planAccess } from '../../../src/registries/plan-access.ts';
import { parseRegistryPath } from '../../../src/registries/registry-path.ts';
import { parseRegistrySettings, settingsOf } from '../../../src/registries/settings.ts';
import { digestOf, MANIFEST_TYPE } from './fake-registry.ts';

test('reads what a registry wants to be shown', () => {
  expect(
    parseChallenge('Bearer realm="https://auth.example.com/token",service="x y",scope="repository:a/b:pull"'),
  ).toEqual({
    ...{
      scheme: 'bearer',
      realm: 'https://auth.example.com/token',
      service: 'x y',
      scope: 'repository:a/b:pull',
    },
  });
  expect(parseChallenge('Basic realm="r"')).toEqual({ scheme: 'basic' });
  expect(parseChallenge('Negotiate, Basic realm="r"')).toEqual({ scheme: 'basic' });
  for (const header of [undefined, '', 'Bearer', 'Digest x="y"', `Bearer realm="${'x'.repeat(5_000)}"`])
    expect(parseChallenge(header)).toBeUndefined();
});

test('reads Retry-After as seconds and as a date', () => {
  expect(retryAfter('120')).toBe(120_000);
  expect(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT', Date.parse('2026-01-01T00:00:00Z'))).toBe(60_000);
  for (const header of [undefined, 'soon', '-5', '99999999']) expect(retryAfter(header)).toBeUndefined();
});

test('takes paths of pulls and no others', () => {
  const digest = digestOf('x');
  expect(parseRegistryPath('/v2/library/nginx/manifests/1.27')).toEqual({
    ...{ repository: 'library/nginx', kind: 'manifests', reference: '1.27' },
  });
  expect(parseRegistryPath(`/v2/a/blobs/${digest}`)).toMatchObject({ kind: 'blobs', reference: digest });
  expect(parseRegistryPath('/v2/manifests/manifests/blobs')).toMatchObject({ repository: 'manifests' });
  const others = [
    '/v2/',
    '/v2/_catalog',
    '/v2/a/blobs/uploads/',
    '/v2/a/../b/manifests/1',
    '/v2/A/manifests/1',
  ];
  for (const path of [
    ...others,
    '/v2/a/blobs/1',
    '/v2/a/manifests/a%2fb',
    `/v2/${'a'.repeat(2_000)}/manifests/1`,
  ])
    expect(parseRegistryPath(path)).toBeUndefined();
});

test('believes a manifest only what its digest says', () => {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE }));
  const right = { registry: 'r', reference: '1', contentType: MANIFEST_TYPE, namedDigest: digestOf(bytes) };
  expect(checkManifest(bytes, right)).toMatchObject({ mediaType: MANIFEST_TYPE, digest: digestOf(bytes) });
  expect(() => checkManifest(bytes, { ...right, namedDigest: digestOf('other') })).toThrow('wrong digest');
  expect(() => checkManifest(bytes, { ...right, reference: digestOf('other') })).toThrow('wrong digest');
  const page = Buffer.from('<html>Log in</html>');
  const portal = { ...right, contentType: 'text/html', namedDigest: undefined };
  expect(() => checkManifest(page, portal)).toThrow(
    'r answers something that is no image manifest (text/html)',
  );
  expect(() => checkManifest(Buffer.from('{"schemaVersion":2}'), portal)).toThrow('of an unknown kind');
});

test('a fingerprint tells credentials apart and nothing of them', () => {
  const of = (password: string, key = 'key') =>
    fingerprint({ registry: 'ghcr.io', credential: { username: 'ann', password } }, key);
  expect(of('a')).toBe(of('a'));
  expect(new Set([of('a'), of('b'), of('a', 'other')]).size).toBe(3);
});

test('reads the settings, and tells every problem at once', () => {
  const text = `registries:
  docker.io: { mirrors: [https://mirror.example.com/hub/] }
  registry.example.com:5000: { ca: /etc/ca.pem, insecure: true, cache: false }
`;
  const settings = parseRegistrySettings(text, 'registries.yaml');
  expect(settingsOf(settings, 'docker.io').mirrors).toEqual(['https://mirror.example.com/hub']);
  expect(settingsOf(settings, 'registry.example.com:5000')).toEqual({
    ...{ mirrors: [], ca: '/etc/ca.pem', insecure: true, cache: false },
  });
  expect(settingsOf(settings, 'quay.io')).toEqual({ mirrors: [], insecure: false, cache: true });
  expect(parseRegistrySettings(undefined, 'x').size).toBe(0);
  const wrong = `other: 1
registries:
  'https://x.example.com': {}
  a.example.com: { ca: relative.pem, insecure: maybe, mirror: x, mirrors: ['ftp://x', 'https://u:p@x'] }
`;
  const problems = () => parseRegistrySettings(wrong, 'registries.yaml');
  expect(problems).toThrow('registries.yaml has 7 problems');
  expect(() => parseRegistrySettings('a: [', 'registries.yaml')).toThrow('registries.yaml has one problem');
});

test('asks mirrors first, and this host by HTTPS and then by HTTP', () => {
  const settings = { mirrors: ['https://m.example.com'], insecure: false, cache: true };
  expect(endpointsOf('ghcr.io', settings, []).map(({ url }) => url)).toEqual([
    'https://m.example.com',
    'https://ghcr.io',
  ]);
  const own = endpointsOf('localhost:5000', { ...settings, mirrors: [] }, []);
  expect(own.map(({ url }) => url)).toEqual(['https://localhost:5000', 'http://localhost:5000']);
  expect(own.every(({ trust, neighbour }) => trust.insecure && neighbour === 'own-host')).toBe(true);
  const withCa = endpointsOf('localhost:5000', { ...settings, mirrors: [] }, ['PEM']);
  expect(withCa).toMatchObject([{ url: 'https://localhost:5000', trust: { ca: ['PEM'], insecure: false } }]);
  expect(endpointsOf('docker.io', { ...settings, mirrors: [] }, [])[0]?.url).toMatch(
    /^https:\/\/registry-1\./,
  );
});

test('uses credentials only for registries that the project names', () => {
  const credentials = ['ghcr.io', 'quay.io'].map((registry) => ({
    ...{ registry, credential: { username: 'ann', password: 'x' } },
  }));
  const planned = planAccess({
    ...{ registries: ['ghcr.io', 'localhost', 'localhost:5000'], credentials, settings: new Map() },
    idOf: (registry, credential) => `${registry}${credential === undefined ? '' : '-mine'}`,
  });
  const caches = planned.map(({ cache }) => cache);
  expect(caches).toContain('ghcr.io-mine');
  expect(caches).toContain('quay.io');
  expect(caches).toContain('localhost:5000');
  expect(caches).not.toContain('localhost');
});

test('shows a guest mirrors, and for registries of this host nothing but the cache', () => {
  const text = guestConfiguration('100.64.0.1:5000', [
    { registry: 'localhost:5000', cache: 'localhost_5000', insecure: false },
    { registry: 'docker.io', cache: 'docker.io', insecure: false },
  ]);
  expect(text).toContain(
    'prefix = "docker.io"\nlocation = "docker.io"\ninsecure = false\n\n[[registry.mirror]]\nlocation = "100.64.0.1:5000/docker.io"',
  );
  expect(text).toContain(
    'prefix = "localhost:5000"\nlocation = "100.64.0.1:5000/localhost_5000"\ninsecure = true\n',
  );
  expect(text.match(/registry\.mirror/g)).toHaveLength(1);
});
