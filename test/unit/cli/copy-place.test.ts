import { expect, test } from 'vitest';
import { placeAt, readPlace } from '../../../src/cli/files/copy-place.ts';
import { readListing } from '../../../src/cli/files/machine-listing.ts';

test.each([
  ['-', { kind: 'stream' }],
  ['shop:/etc', { kind: 'remote', environment: 'shop', path: '/etc' }],
  ['shop:etc/x', { kind: 'remote', environment: 'shop', path: '/etc/x' }],
  ['shop/web:/a:b', { kind: 'remote', environment: 'shop', service: 'web', path: '/a:b' }],
  ['shop-1/my_web.2:/x/.', { kind: 'remote', environment: 'shop-1', service: 'my_web.2', path: '/x/.' }],
  ['a/b', { kind: 'local', path: '/w/a/b', isContent: false, isDirectory: false }],
  ['./a:b', { kind: 'local', path: '/w/a:b', isContent: false, isDirectory: false }],
  ['/abs/', { kind: 'local', path: '/abs', isContent: false, isDirectory: true }],
  ['.', { kind: 'local', path: '/w', isContent: true, isDirectory: false }],
  ['d/.', { kind: 'local', path: '/w/d', isContent: true, isDirectory: false }],
])('%s is read as what it is', (text, place) => expect(readPlace(text, '/w')).toEqual(place));

test('an environment without a path is refused', () => {
  expect(() => readPlace('shop:', '/w')).toThrow('names no path');
});

const DIRECTORY = { name: 'src', isContent: false, isDirectory: true };
const CONTENT = { name: 'src', isContent: true, isDirectory: true };
const FILE = { name: 'a.txt', isContent: false, isDirectory: false };

test.each([
  ['/d', 'directory', FILE, { directory: '/d', name: 'a.txt' }],
  ['/d/', 'directory', FILE, { directory: '/d', name: 'a.txt' }],
  ['/d', 'directory', DIRECTORY, { directory: '/d', name: 'src' }],
  ['/d', 'directory', CONTENT, { directory: '/d', name: '' }],
  ['/d/.', 'directory', DIRECTORY, { directory: '/d', name: 'src' }],
  ['/', 'directory', FILE, { directory: '/', name: 'a.txt' }],
  ['/d/new', 'missing', FILE, { directory: '/d', name: 'new' }],
  ['/d/new/', 'missing', DIRECTORY, { directory: '/d', name: 'new' }],
  ['/d/new', 'missing', CONTENT, { directory: '/d', name: 'new' }],
  ['/d/b.txt', 'file', FILE, { directory: '/d', name: 'b.txt' }],
] as const)('copying to %s, a %s, follows the rules of docker cp', (target, state, source, placing) => {
  expect(placeAt(target, state, source)).toEqual(placing);
});

test('a target in no directory, and a file to a directory that is not there, are refused', () => {
  expect(() => placeAt('/no/where', 'nowhere', FILE)).toThrow('there is no directory /no');
  expect(() => placeAt('/d/new/', 'missing', FILE)).toThrow('there is no directory /d/new');
});

test("find's listing becomes entries; what makes no sense is passed over", () => {
  const text = [
    'f 644 0 33 5 1700000000.1234567890\0/p/a b\n\0\0',
    'd 755 0 0 4096 1.5\0/p\0\0',
    'l 777 0 0 3 1\0/p/l\0../x\0',
    's 755 0 0 0 1\0/p/socket\0\0',
    'f 644 0 0 5 1\0/p/../etc\0\0',
    'rubbish\0',
  ].join('');
  expect([...readListing(text).values()]).toEqual([
    {
      path: '/p/a b\n',
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 33,
      sizeBytes: 5,
      mtimeUs: 1_700_000_000_123_456,
    },
    { path: '/p', kind: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtimeUs: 1_500_000 },
    {
      path: '/p/l',
      kind: 'link',
      mode: 0o777,
      uid: 0,
      gid: 0,
      sizeBytes: 0,
      mtimeUs: 1_000_000,
      target: '../x',
    },
  ]);
});
