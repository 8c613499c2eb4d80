import { expect, test } from 'vitest';
import { livingAncestors, snapshotsOf } from '../../../../src/environments/snapshots/find-snapshots.ts';
import { needsNoRepair } from '../../../../src/environments/snapshots/is-unmounted.ts';
import { type Replaced, replacedOf } from '../../../../src/environments/snapshots/restoring.ts';
import { snapshotName } from '../../../../src/environments/snapshots/snapshot-name.ts';
import type { TemplateManifest } from '../../../../src/machines/index.ts';
import type { TemplateId } from '../../../../src/model/index.ts';

const one = (id: string, environment: string, kind = 'snapshot') =>
  ({ id, kind, snapshot: { environment, name: id, ancestors: [] } }) as unknown as TemplateManifest;

test('the snapshots of an environment are the templates that say so', () => {
  const all = [one('a', 'env-1'), one('b', 'env-2'), one('c', 'env-1', 'fork-point')];
  expect(snapshotsOf(all).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(snapshotsOf(all, 'env-1' as never).map(({ id }) => id)).toEqual(['a']);
});

test('a snapshot that is gone is no ancestor any more; what grew from it grows from the one before', () => {
  const all = snapshotsOf([one('a', 'env-1'), one('c', 'env-1')]);
  expect(livingAncestors(['d', 'c', 'b', 'a'] as TemplateId[], all)).toEqual(['c', 'a']);
});

test('a name is made of the time, and is nobody else’s', () => {
  const now = new Date('2026-11-23T17:03:55.123Z');
  expect(snapshotName('at', now, new Set())).toBe('at-20261123-170355');
  const taken = new Set(['before-restore-20261123-170355']);
  expect(snapshotName('before-restore', now, taken)).toBe('before-restore-20261123-170355-2');
});

test('what a restore replaces names each field, also those that were not there', () => {
  const prior = replacedOf({ state: 'running', ports: [] });
  expect(prior).toMatchObject({ state: 'running', ports: [] });
  expect(Object.keys(prior)).toContain('followed');
  expect(prior.followed).toBeUndefined();
  // The store keeps no undefined field: read back and completed it says the same.
  expect(Object.keys(replacedOf(JSON.parse(JSON.stringify(prior)) as Replaced))).toEqual(Object.keys(prior));
});

test('a file system that the guest has not closed needs repair', () => {
  const superblock = Buffer.alloc(1024);
  expect(needsNoRepair(superblock)).toBe(false);
  superblock.writeUInt16LE(0xef53, 0x38);
  expect(needsNoRepair(superblock)).toBe(true);
  superblock.writeUInt32LE(0x2c6, 0x60);
  expect(needsNoRepair(superblock)).toBe(false);
  expect(needsNoRepair(superblock.subarray(0, 100))).toBe(false);
});
