import { expect, test } from 'vitest';
import { diffLines } from '../../../src/cli/format/diff-lines.ts';
import { snapshotTree } from '../../../src/cli/format/snapshot-tree.ts';
import type { Snapshot } from '../../../src/model/index.ts';

const snapshot = (name: string, parent?: string) =>
  ({ name, ...(parent === undefined ? {} : { parent }) }) as Snapshot;

test('snapshots are drawn as the trees that they are', () => {
  const all = [
    snapshot('monday'),
    snapshot('tuesday', 'monday'),
    snapshot('noon', 'tuesday'),
    snapshot('wednesday', 'monday'),
    snapshot('other'),
  ];
  expect(snapshotTree(all).map(({ lead, snapshot: { name } }) => lead + name)).toEqual([
    'monday',
    '├─ tuesday',
    '│  └─ noon',
    '└─ wednesday',
    'other',
  ]);
});

test('one whose parent is not among them is a root', () => {
  expect(snapshotTree([snapshot('child', 'gone')])).toHaveLength(1);
});

test('a difference says what changed, and what did not', () => {
  const same = { environment: 'shop', from: 'monday', changedBytes: 0, definition: [] };
  expect(diffLines(same)).toEqual(['shop: monday → now', 'disk: the same', 'definition: the same']);
  const changes = [
    { what: 'image' as const, name: 'web', before: 'web:1', after: 'web:2' },
    { what: 'service' as const, name: 'new', after: 'there' },
    { what: 'port' as const, name: '127.88.0.1:80/tcp', before: 'web:80' },
  ];
  const changed = { ...same, to: 'tuesday', changedBytes: 5 * 1024 ** 2, definition: changes };
  expect(diffLines(changed)).toEqual([
    'shop: monday → tuesday',
    'disk: up to 5 MiB changed',
    '~ image web: web:1 → web:2',
    '+ service new: there',
    '- port 127.88.0.1:80/tcp: web:80',
  ]);
});
