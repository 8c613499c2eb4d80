import { expect, test } from 'vitest';
import type { Client, VolumesApi } from '../../../src/client/index.ts';
import type { Volume } from '../../../src/model/index.ts';
import { runFake } from './fake-cli.ts';

const data: Volume = {
  environment: 'shop',
  name: 'shop_data',
  key: 'data',
  state: 'live',
  sizeBytes: 3 * 1024 ** 2,
  usedBy: [
    { container: 'shop-store-1', service: 'store', running: true },
    { container: 'old', running: false },
  ],
};

function clientWith(volumes: Partial<VolumesApi>): Partial<Client> {
  return { volumes: volumes as VolumesApi };
}

test('volume ls shows size and who uses it; -q the names as other commands take them', async () => {
  const asked: unknown[] = [];
  const client = clientWith({
    list: async (query) => {
      asked.push(query);
      return [data];
    },
  });
  const { out } = await runFake(client, 'volume', 'ls', 'shop');
  expect(out.split('\n')[1]).toMatch(/^shop\/data {3}live +3 MiB {3}store, old \(ended\) +-$/);
  expect((await runFake(client, 'volume', 'ls', '-q')).out).toBe('shop/data\n');
  expect(JSON.parse((await runFake(client, 'volume', 'ls', '--json')).out)).toEqual([data]);
  expect(asked).toEqual([{ environment: 'shop' }, {}, {}]);
});

test('a volume is named with its environment', async () => {
  const removed: string[][] = [];
  const client = clientWith({
    remove: async (...names) => {
      removed.push(names.slice(0, 2) as string[]);
    },
  });
  expect((await runFake(client, 'volume', 'rm', 'shop/data', 'shop/shop_Old.1')).out).toBe(
    'shop/data removed\nshop/shop_Old.1 removed\n',
  );
  expect(removed).toEqual([
    ['shop', 'data'],
    ['shop', 'shop_Old.1'],
  ]);
  for (const wrong of ['data', 'shop/', '/data', 'shop/../x', 'shop/a/b'])
    for (const verb of ['inspect', 'rm'])
      expect((await runFake(client, 'volume', verb, wrong)).usage).toContain('ENVIRONMENT/VOLUME');
});
