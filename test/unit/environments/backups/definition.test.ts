import { expect, test } from 'vitest';
import type { Snapshot } from '../../../../src/backups/index.ts';
import { definitionOf, readDefinition } from '../../../../src/environments/backups/definition.ts';
import {
  backupOf,
  backupTags,
  environmentsIn,
  imageTags,
  storedImage,
  unusedImages,
} from '../../../../src/environments/backups/tags.ts';
import type { EnvironmentRecord } from '../../../../src/environments/record.ts';
import type { ImageId } from '../../../../src/model/index.ts';

const IMAGE = 'img-0123456789abcdef' as ImageId;
const record = {
  id: 'env-0123456789ab',
  name: 'shop',
  state: 'running',
  shape: { vcpus: 2, memoryMib: 1024, diskGib: 8 },
  createdAt: '2026-01-01T00:00:00.000Z',
  address: '127.88.0.1',
  template: 'tpl-0123456789ab',
  image: IMAGE,
  ports: [],
  services: [],
  process: { process: { pid: 1 } },
  workload: { compose: 'services: {}', projectDirectory: '/p', variables: {}, project: 'shop', publish: [] },
} as unknown as EnvironmentRecord;
const about = {
  createdAt: '2026-02-03T04:05:06.000Z',
  consistency: 'file-system',
  disk: { file: 'disk.qcow2', bytes: 123, hash: 'a'.repeat(64) },
} as const;

function snapshot(id: string, tags: Readonly<Record<string, string>>): Snapshot {
  return { id, createdAt: '2026-02-03T04:05:06.000Z', host: 'host', tags };
}

test('what is written of an environment is read as it was, and holds nothing of its machine', () => {
  const written = JSON.stringify(definitionOf(record, about));
  expect(written).not.toContain('"process"');
  expect(readDefinition(written, '1a2b3c4d')).toMatchObject({
    ...about,
    environment: { name: 'shop', shape: { diskGib: 8 } },
    workload: { project: 'shop' },
    image: IMAGE,
  });
});

test.each([
  ['no JSON', '{"version":1'],
  ['has version 2', '{"version":2}'],
  ['lacks something', '{"version":1}'],
  ['lacks something', JSON.stringify({ ...definitionOf(record, about), image: '../../etc' })],
  ['lacks something', JSON.stringify({ ...definitionOf(record, about), disk: { hash: 'short' } })],
])('a definition that %s is refused', (reason, text) => {
  expect(() => readDefinition(text, '1a2b3c4d')).toThrowError(
    expect.objectContaining({ code: 'backup-damaged', message: expect.stringContaining(reason) }),
  );
});

test('a list is made of tags alone', () => {
  const one = snapshot('1a2b3c4d', backupTags(definitionOf(record, about), 'op-1'));
  expect(backupOf(one, 'main')).toEqual({
    id: '1a2b3c4d',
    repository: 'main',
    environment: 'shop',
    environmentId: 'env-0123456789ab',
    host: 'host',
    image: IMAGE,
    shape: { vcpus: 2, memoryMib: 1024, diskGib: 8 },
    createdAt: '2026-02-03T04:05:06.000Z',
    consistency: 'file-system',
    diskBytes: 123,
  });
  expect(backupOf(snapshot('ffffffff', { other: 'tool' }), 'main')).toBeUndefined();
});

test('an image is needed as long as a backup stands on it', () => {
  const image = snapshot('11111111', imageTags(IMAGE));
  const backup = snapshot('22222222', backupTags(definitionOf(record, about), 'op-1'));
  expect(storedImage([image, backup], IMAGE)?.id).toBe('11111111');
  expect(unusedImages([image, backup])).toEqual([]);
  expect(unusedImages([image])).toEqual(['11111111']);
  expect(environmentsIn([image, backup])).toEqual(['shop']);
});
