import { expect, test } from 'vitest';
import { parseSnapshots, parseSummary, progressOf } from '../../../src/backups/restic-output.ts';

test('reads snapshots with their tags, oldest first', () => {
  const text = JSON.stringify([
    {
      time: '2026-11-23T17:15:09.17Z',
      short_id: '36cac6e9',
      id: '36cac6e9aa',
      hostname: 'b',
      tags: ['environment=shop', 'odd'],
    },
    { time: '2026-11-23T18:15:04+01:00', id: '7fc3d389ffffffff', hostname: 'a', tags: null },
  ]);
  expect(parseSnapshots(text)).toEqual([
    { id: '7fc3d389', createdAt: '2026-11-23T17:15:04.000Z', host: 'a', tags: {} },
    {
      id: '36cac6e9',
      createdAt: '2026-11-23T17:15:09.170Z',
      host: 'b',
      tags: { environment: 'shop', odd: '' },
    },
  ]);
});

test('an empty repository has none; what is no list is refused', () => {
  expect(parseSnapshots('null')).toEqual([]);
  expect(() => parseSnapshots('{"a":1}')).toThrowError(
    expect.objectContaining({ code: 'backup-repository-failed' }),
  );
});

test('tells progress and outcome of a backup from other lines', () => {
  const summary =
    '{"message_type":"summary","data_added":17,"total_bytes_processed":99,"snapshot_id":"1fa0a652"}';
  expect(parseSummary(summary)).toEqual({ id: '1fa0a652', addedBytes: 17, totalBytes: 99 });
  const packed =
    '{"message_type":"summary","data_added":17,"data_added_packed":5,"total_bytes_processed":99,"snapshot_id":"1fa0a652cc"}';
  expect(parseSummary(packed)).toEqual({ id: '1fa0a652', addedBytes: 5, totalBytes: 99 });
  expect(progressOf('{"message_type":"status","percent_done":0.25}')).toBe(0.25);
  for (const line of [summary, 'no json', '']) expect(progressOf(line)).toBeUndefined();
  expect(parseSummary('{"message_type":"status"}')).toBeUndefined();
});
