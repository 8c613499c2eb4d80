import { expect, test } from 'vitest';
import { parseAptProxy } from '../../../src/images/apt-proxy.ts';
import { packageSources } from '../../../src/images/package-sources.ts';

const mirror = { uri: 'http://mirror.test/debian', keyring: '/keys.gpg' };

test('a mirror chosen by hand is the only source', () => {
  expect(packageSources('trixie', ['main'], mirror, []).lines).toEqual([
    'deb http://mirror.test/debian trixie main',
  ]);
});

test('updates and security updates come from where the host has them', () => {
  const host = [
    { uri: mirror.uri, suites: ['bookworm', 'bookworm-updates'], components: ['main'] },
    { uri: 'http://mirror.test/debian-security/', suites: ['bookworm-security'], components: ['main'] },
  ];
  expect(packageSources('trixie', ['main', 'contrib'], mirror, host).lines).toEqual([
    'deb http://mirror.test/debian trixie main contrib',
    'deb http://mirror.test/debian trixie-updates main contrib',
    'deb http://mirror.test/debian-security trixie-security main contrib',
  ]);
});

test('archives of others do not count', () => {
  const host = [{ uri: 'http://other.test', suites: ['x-security', 'x-updates'], components: ['stable'] }];
  expect(packageSources('trixie', ['main'], mirror, host).lines).toHaveLength(1);
});

test('the proxy of the host is taken where there is one', () => {
  const dump = 'Acquire::http::Proxy=http://proxy.test:3128\nAcquire::https::Proxy=DIRECT\n';
  expect(parseAptProxy(dump)).toEqual({ http_proxy: 'http://proxy.test:3128' });
  expect(parseAptProxy('')).toEqual({});
});
