import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type EnvironmentDraft, EnvironmentRegistry } from '../../../src/environments/registry.ts';
import { temporaryDirectory } from '../../../src/host/index.ts';
import type { EnvironmentId, OperationId } from '../../../src/model/index.ts';
import { openSqliteStore } from '../../../src/store/index.ts';

const ADDRESSES = { firstBlock: 0, inUse: async () => [] };

function draft(name: string, replicaOf?: EnvironmentId): EnvironmentDraft {
  const more = replicaOf === undefined ? {} : { replicaOf };
  return { name, state: 'running', ports: () => [], ...more } as unknown as EnvironmentDraft;
}

test('lists and replicas are those of the last change, whatever a caller did with an earlier one', async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ path: join(directory.path, 'berth.db') });
  const registry = await EnvironmentRegistry.open(store, ADDRESSES);
  const names = () => registry.list().map(({ name }) => name);
  const [shop] = await registry.create([draft('shop')]);
  const id = shop?.id as EnvironmentId;
  await registry.create([draft('b'), draft('a')]);
  expect(names()).toEqual(['shop', 'a', 'b']);
  registry.list().splice(0);
  expect(names()).toEqual(['shop', 'a', 'b']);
  expect(registry.replicasOf(id)).toEqual([]);
  const [replica] = await registry.create([draft('shop-r1', id)]);
  expect(registry.replicasOf(id).map(({ name }) => name)).toEqual(['shop-r1']);
  await registry.update(replica?.id as EnvironmentId, { state: 'degraded' });
  expect(registry.replicasOf(id).map(({ state }) => state)).toEqual(['degraded']);
  await registry.delete(replica?.id as EnvironmentId);
  expect(registry.replicasOf(id)).toEqual([]);
  expect(registry.find('b')?.name).toBe('b');
  await expect(registry.create([draft('a')])).rejects.toMatchObject({ code: 'name-taken' });
  await registry.claim('a', 'op-1' as OperationId);
  await expect(registry.claim('a', 'op-2' as OperationId)).rejects.toMatchObject({ code: 'conflict' });
  expect((await EnvironmentRegistry.open(store, ADDRESSES)).list().map(({ name }) => name)).toEqual([
    'shop',
    'a',
    'b',
  ]);
  await store.close();
});

test('of fifty who claim an environment at once one gets it, and the others learn who', async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ path: join(directory.path, 'berth.db') });
  const registry = await EnvironmentRegistry.open(store, ADDRESSES);
  await registry.create([draft('shop')]);
  const claims = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => registry.claim('shop', `op-${index}` as OperationId)),
  );
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const claim of claims)
    if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: 'conflict' });
  expect(registry.find('shop')?.operation).toBe('op-0');
  await store.close();
});

test('an address at which somebody else listens is not given out', async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ path: join(directory.path, 'berth.db') });
  const inUse = new Set(['127.88.9.1', '127.88.9.3']);
  const registry = await EnvironmentRegistry.open(store, { firstBlock: 9, inUse: async () => inUse });
  const created = await registry.create([draft('a'), draft('b')]);
  expect(created.map(({ address }) => address)).toEqual(['127.88.9.2', '127.88.9.4']);
  expect(await registry.nextAddress()).toBe('127.88.9.5');
  await store.close();
});
