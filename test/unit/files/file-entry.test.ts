import { expect, test } from 'vitest';
import {
  compareFiles,
  decodeLine,
  encodeEntry,
  encodeRemoval,
  type FileEntry,
  isCleanPath,
  UNKNOWN_TIME,
} from '../../../src/files/index.ts';

const file = (path: string, change: Partial<FileEntry> = {}): FileEntry => ({
  ...{ path, kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 5, mtimeUs: 1_700_000_000_123_456 },
  ...change,
});
const directory = (path: string, mtimeUs = 1): FileEntry =>
  file(path, { kind: 'directory', sizeBytes: 0, mtimeUs });
const link = (path: string, target: string): FileEntry => file(path, { kind: 'link', sizeBytes: 0, target });
const known = (...entries: FileEntry[]) => new Map(entries.map((entry) => [entry.path, entry]));

test('an entry comes back from its line as it was', () => {
  for (const entry of [file('/a/b c"\n'), directory('/a'), link('/l', '../x')])
    expect(decodeLine(encodeEntry(entry))).toEqual(entry);
  expect(decodeLine(encodeRemoval('/a/b'))).toEqual({ removed: '/a/b' });
});

test.each([
  ['no JSON', 'x'],
  ['no list', '{}'],
  ['an unknown letter', '["x","/a",420,0,0,1,1]'],
  ['a letter of the prototype', '["constructor","/a",420,0,0,1,1]'],
  ['a relative path', '["f","a",420,0,0,1,1]'],
  ['a path that climbs', '["f","/a/../etc/passwd",420,0,0,1,1]'],
  ['a removal that climbs', '["-","/a/../../etc"]'],
  ['a mode with more than permissions', '["f","/a",99999,0,0,1,1]'],
  ['a size that is none', '["f","/a",420,0,0,-1,1]'],
  ['a link without a target', '["l","/a",511,0,0,0,1]'],
  ['a file with a target', '["f","/a",420,0,0,0,1,"/etc"]'],
  ['nothing', '[]'],
])('a line with %s is no entry', (_, line) => expect(decodeLine(line)).toBeUndefined());

test('clean paths are absolute and have no empty, dot or dot-dot names', () => {
  expect(['/a', '/a/b', '/a/..b', '/ü'].map(isCleanPath)).toEqual([true, true, true, true]);
  expect(['', '/', 'a', '/a/', '/a//b', '/./a', '/a/..', '/a\0'].map(isCleanPath)).not.toContain(true);
});

test('only what differs is sent, directories before what is in them', () => {
  const sent = known(directory('/p'), file('/p/same'), file('/p/old'), file('/p/d/gone'), directory('/p/d'));
  const now = known(
    directory('/p', 2),
    file('/p/same'),
    file('/p/old', { sizeBytes: 6 }),
    file('/p/new/x'),
    directory('/p/new'),
  );
  const { changed, removed } = compareFiles(sent, now);
  expect(changed.map(({ path }) => path)).toEqual(['/p/new', '/p/new/x', '/p/old']);
  expect(removed).toEqual(['/p/d/gone', '/p/d']);
});

test.each([
  ['time', { mtimeUs: 1_700_000_000_123_457 }],
  ['mode', { mode: 0o755 }],
  ['owner', { uid: 7 }],
])('another %s is a change', (_, change) => {
  expect(compareFiles(known(file('/a')), known(file('/a', change)))).toEqual({
    removed: [],
    changed: [file('/a', change)],
  });
});

test('what becomes something else is removed first', () => {
  const sent = known(file('/a'), directory('/b'), file('/b/c'), link('/l', 'x'));
  const now = known(directory('/a'), file('/a/x'), file('/b'), link('/l', 'y'));
  const { changed, removed } = compareFiles(sent, now);
  expect(removed).toEqual(['/l', '/b/c', '/b', '/a']);
  expect(changed.map(({ path }) => path)).toEqual(['/a', '/a/x', '/b', '/l']);
});

test('of what nobody knows for sure everything is sent again, and still removed', () => {
  const unknown = (entry: FileEntry) => ({ ...entry, mtimeUs: UNKNOWN_TIME });
  const sent = known(unknown(file('/a')), unknown(directory('/d')), unknown(file('/gone')));
  const { changed, removed } = compareFiles(sent, known(file('/a'), directory('/d')));
  expect([changed.length, removed]).toEqual([2, ['/gone']]);
});
