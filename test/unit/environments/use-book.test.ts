import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UseBook } from '../../../src/environments/use-book.ts';
import { temporaryDirectory } from '../../../src/host/index.ts';
import { openSqliteStore } from '../../../src/store/index.ts';
import { MIB, resident } from '../placement/sample-facts.ts';

test('what was measured outlives the machines and the daemon', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'berth.db');
  const store = await openSqliteStore({ path });
  const book = await UseBook.open(store);
  expect(book.entries.size).toBe(0);
  await book.learn([resident(), resident({ settled: false, project: 'new' })]);
  await book.learn([resident({ ownBytes: 65 * MIB })]);
  await book.learn([]);
  const [entry] = (await UseBook.open(store)).entries.values();
  expect(entry).toMatchObject({ medianBytes: 64 * MIB, p95Bytes: 64 * MIB, samples: 1 });
  await book.learn([resident({ ownBytes: 90 * MIB })]);
  const after = await UseBook.open(store);
  expect([...after.entries.values()]).toMatchObject([{ medianBytes: 90 * MIB }]);
  await store.close();
});
