import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAptList, parseAptSources } from '../../../src/host/apt-sources.ts';
import { debianMirror } from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function etc(files: Record<string, string>): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'sources.list.d'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

test('reads one-line entries, comments and options included', () => {
  const text = `# deb http://old.example/debian bookworm main
deb-src http://a.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg] http://a.example/debian/ bookworm main contrib # ours
  deb http://b.example/debian-security bookworm-security main
`;
  expect(parseAptList(text)).toEqual([
    {
      uri: 'http://a.example/debian/',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      signedBy: '/keys/a.gpg',
    },
    { uri: 'http://b.example/debian-security', suites: ['bookworm-security'], components: ['main'] },
  ]);
});

test('reads stanzas, with continued lines, inline keys and disabled ones', () => {
  const text = `Types: deb deb-src
# a comment
URIs: http://a.example/debian http://b.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /keys/a.gpg

Enabled: no
Types: deb
URIs: http://c.example/debian
Suites: trixie
Components: main

Types: deb
URIs: http://d.example/debian
Suites:
 trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`;
  expect(parseAptSources(text)).toEqual([
    {
      uri: 'http://a.example/debian',
      suites: ['trixie', 'trixie-updates'],
      components: ['main'],
      signedBy: '/keys/a.gpg',
    },
    {
      uri: 'http://b.example/debian',
      suites: ['trixie', 'trixie-updates'],
      components: ['main'],
      signedBy: '/keys/a.gpg',
    },
    { uri: 'http://d.example/debian', suites: ['trixie'], components: ['main'] },
  ]);
});

test('takes the Debian archive, not a third party and not the security archive', async () => {
  const directory = etc({
    'sources.list.d/a.sources':
      'Types: deb\nURIs: http://node.example/\nSuites: nodistro\nComponents: main\n',
    'sources.list.d/b.sources':
      'Types: deb\nURIs: http://m.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n' +
      'Types: deb\nURIs: http://m.example/debian/\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /dev/null\n',
  });
  expect(await debianMirror({}, directory)).toEqual({ uri: 'http://m.example/debian', keyring: '/dev/null' });
});

test('BERTH_DEBIAN_MIRROR comes first', async () => {
  const mirror = await debianMirror({ BERTH_DEBIAN_MIRROR: 'http://own.example/debian/' }, etc({}));
  expect(mirror).toEqual({
    uri: 'http://own.example/debian',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  });
});

test('follows a list of mirrors, as cloud images have it', async () => {
  const directory = etc({
    list: '# first\nhttp://one.example/debian/ priority:1\nhttp://two.example/debian\n',
  });
  const entry = `Types: deb\nURIs: mirror+file://${join(directory, 'list')}\nSuites: trixie\nComponents: main\n`;
  writeFileSync(join(directory, 'sources.list.d/debian.sources'), entry);
  expect((await debianMirror({}, directory)).uri).toBe('http://one.example/debian');
});

test('says what to do when no Debian archive is named', async () => {
  const directory = etc({ 'sources.list': 'deb http://u.example/ubuntu noble main\n' });
  await expect(debianMirror({}, directory)).rejects.toMatchObject({
    code: 'host-setup-failed',
    remedy: 'set BERTH_DEBIAN_MIRROR to the base URL of a Debian mirror and try again',
  });
});
