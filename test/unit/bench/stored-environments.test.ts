import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeStopped } from '../../../bench/measure/stored-environments.ts';
import { EnvironmentRegistry } from '../../../src/environments/index.ts';
import { exists, temporaryDirectory } from '../../../src/host/index.ts';
import { openSqliteStore } from '../../../src/store/index.ts';

test('stopped environments are in the store of a home, each with an address and a disk', async () => {
  await using home = await temporaryDirectory();
  const compose = join(import.meta.dirname, '../../../examples/shop/compose.yaml');
  await storeStopped(home.path, { count: 300, compose });
  const store = await openSqliteStore({ path: join(home.path, 'berth.db') });
  try {
    const records = (await EnvironmentRegistry.open(store, { firstBlock: 0, inUse: async () => [] })).list();
    expect(records).toHaveLength(300);
    expect(new Set(records.map(({ address }) => address)).size).toBe(300);
    for (const { state, disk, workload } of records) {
      expect(state).toBe('stopped');
      expect(workload.compose).toContain('name: shop');
      expect(await exists(join(disk?.directory ?? '', disk?.top ?? ''))).toBe(true);
    }
  } finally {
    await store.close();
  }
});
