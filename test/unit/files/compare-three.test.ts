import { expect, test } from 'vitest';
import { compareThree, type FileEntry } from '../../../src/files/index.ts';

const file = (path: string, mtimeUs = 1_000, change: Partial<FileEntry> = {}): FileEntry => ({
  ...{ path, kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, mtimeUs },
  ...change,
});
const directory = (path: string) => file(path, 1, { kind: 'directory', sizeBytes: 0 });
const map = (...entries: FileEntry[]) => new Map(entries.map((entry) => [entry.path, entry]));

test('what has changed over there comes, what has changed here stays', () => {
  const sent = map(directory('/p'), file('/p/same'), file('/p/there'), file('/p/here'));
  const there = map(directory('/p'), file('/p/same'), file('/p/there', 2_000), file('/p/here'));
  const here = map(directory('/p'), file('/p/same'), file('/p/there'), file('/p/here', 3_000));
  expect(compareThree(sent, there, here)).toEqual({
    coming: [file('/p/there', 2_000)],
    gone: [],
    conflicts: [],
  });
});

test('what is new over there comes, directories first; what is new here stays', () => {
  const there = map(file('/p/d/x'), directory('/p/d'));
  const { coming } = compareThree(map(), there, map(file('/p/mine')));
  expect(coming.map(({ path }) => path)).toEqual(['/p/d', '/p/d/x']);
});

test('what has changed on both sides is a conflict, unless both made the same of it', () => {
  const sent = map(file('/a'), file('/b'));
  const there = map(file('/a', 2_000), file('/b', 2_000), file('/new', 2_000));
  const here = map(file('/a', 3_000), file('/b', 2_001), file('/new', 9_000));
  expect(compareThree(sent, there, here)).toEqual({ coming: [], gone: [], conflicts: ['/a', '/new'] });
});

test('what was removed over there goes, unless it has changed here; what was removed here does not come back changed', () => {
  const sent = map(file('/a'), file('/b'), file('/c'));
  const here = map(file('/a'), file('/b', 3_000));
  expect(compareThree(sent, map(file('/c', 2_000)), here)).toEqual({
    coming: [],
    gone: ['/a'],
    conflicts: ['/b', '/c'],
  });
  expect(compareThree(sent, map(file('/a'), file('/b'), file('/c')), here)).toEqual({
    coming: [],
    gone: [],
    conflicts: [],
  });
});

test('another owner over there is no change, another mode is', () => {
  const sent = map(file('/a'), file('/b'));
  const there = map(file('/a', 1_000, { uid: 33 }), file('/b', 1_000, { mode: 0o755 }));
  expect(compareThree(sent, there, sent).coming.map(({ path }) => path)).toEqual(['/b']);
});
