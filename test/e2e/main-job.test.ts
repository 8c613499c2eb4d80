import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import {
  berthOk,
  environments,
  fork,
  inService,
  inspect,
  removeAllEnvironments,
  services,
  statsOf,
} from './rig/berth.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { peek, proof, shopFile, visit } from './rig/shop.ts';

// The shop of examples/shop: nginx and Valkey, a counter in memory, a file on a volume.
const IN_MEMORY = 'valkey-cli config set appendonly no >/dev/null; valkey-cli';

describe('a Compose project becomes an environment', () => {
  let shop: Environment;

  beforeAll(async () => {
    await prepareAlone();
    await berthOk(['up', '-f', await shopFile(), '--name', 'shop']);
    shop = await inspect('shop');
  });
  afterAll(() => removeAllEnvironments());

  test('up returns when every service is healthy and the published port answers', async () => {
    expect(shop).toMatchObject({ state: 'running', shape: { vcpus: 1, memoryMib: 512 } });
    expect(shop.address).toMatch(/^127\.88\.\d+\.\d+$/);
    const health = new Map((await services('shop')).map((service) => [service.name, service.health]));
    expect(Object.fromEntries(health)).toEqual({ store: 'healthy', web: 'healthy' });
    expect(await get(`${urlOf(shop)}/`)).toContain('visit number');
    expect((await environments()).map(({ name, state }) => [name, state])).toEqual([['shop', 'running']]);
  });

  describe('forked while it runs', () => {
    let visitsBefore: number;
    let proofBefore: ReadonlyMap<string, string>;
    let copy: Environment;

    beforeAll(async () => {
      await visit(shop);
      visitsBefore = await visit(shop);
      await inService('shop', 'store', `${IN_MEMORY} set only-in-memory ${visitsBefore}`);
      await inService('shop', 'store', 'echo written-before >/data/before');
      proofBefore = await proof(shop);
      const [made] = await fork('shop', '--name', 'copy');
      copy = made as Environment;
    });

    test('the fork runs at an address of its own and tells what it cost', () => {
      expect(copy).toMatchObject({ name: 'copy', state: 'running', parent: 'shop', fork: { from: 'shop' } });
      expect(copy.address).not.toBe(shop.address);
      expect(copy.ports.map(({ hostPort }) => hostPort)).toEqual(shop.ports.map(({ hostPort }) => hostPort));
      expect(copy.fork?.parentPausedMs).toBeGreaterThan(0);
      expect(copy.fork?.readyMs).toBeGreaterThan(copy.fork?.parentPausedMs ?? Number.NaN);
      expect(copy.fork?.frozenBytes).toBeGreaterThan(0);
    });

    test('the counter: the fork goes on from the number of its parent, then each counts by itself', async () => {
      expect(await visit(copy)).toBe(visitsBefore + 1);
      expect(await peek(shop)).toBe(visitsBefore);
      expect(await visit(shop)).toBe(visitsBefore + 1);
      for (const expected of [2, 3, 4]) expect(await visit(copy)).toBe(visitsBefore + expected);
      expect(await peek(shop)).toBe(visitsBefore + 1);
      expect(await visit(shop)).toBe(visitsBefore + 2);
      expect(await peek(copy)).toBe(visitsBefore + 4);
    });

    test('memory: what no disk holds is in the fork, and what is written afterwards is in one only', async () => {
      const read = (name: string, key: string) => inService(name, 'store', `valkey-cli get ${key}`);
      expect(await inService('copy', 'store', 'grep -c only-in-memory -r /data || true')).toContain(':0');
      expect(await read('copy', 'only-in-memory')).toBe(`${visitsBefore}\n`);
      await inService('copy', 'store', `${IN_MEMORY} set memory-of copy`);
      expect(await read('shop', 'memory-of')).toBe('\n');
      await inService('shop', 'store', `${IN_MEMORY} set memory-of shop`);
      expect(await read('copy', 'memory-of')).toBe('copy\n');
    });

    test('disk: the volume is in the fork, and a file written afterwards is in one only', async () => {
      expect(await inService('copy', 'store', 'cat /data/before')).toBe('written-before\n');
      await inService('copy', 'store', 'echo copy >/data/after; sync');
      expect(await inService('shop', 'store', 'ls /data')).not.toContain('after');
      await inService('shop', 'store', 'echo shop >/data/after; echo changed >/data/before; sync');
      expect(await inService('copy', 'store', 'cat /data/after /data/before')).toBe('copy\nwritten-before\n');
    });

    test('processes: those of the fork never started again', async () => {
      const [own, inherited] = [await proof(shop), await proof(copy)];
      const fields = ['web, memory token', 'web, started', 'store, run id', 'volume, born'];
      const kept = (facts: ReadonlyMap<string, string>) => fields.map((field) => facts.get(field));
      expect(kept(inherited)).toEqual(kept(proofBefore));
      expect(kept(own)).toEqual(kept(proofBefore));
      const uptime = (facts: ReadonlyMap<string, string>) => Number(facts.get('store, up seconds'));
      expect(uptime(inherited)).toBeGreaterThanOrEqual(uptime(proofBefore));
      expect(uptime(own)).toBeGreaterThanOrEqual(uptime(proofBefore));
      expect([own.get('host name'), inherited.get('host name')]).toEqual(['shop', 'copy']);
    });

    test('most of its memory is shared with its parent', async () => {
      const stats = await statsOf('copy');
      expect(stats.sharedBytes).toBeGreaterThan(0);
      expect(stats.ownBytes).toBeLessThan(copy.shape.memoryMib * 1024 ** 2 * 0.6);
      console.log(`an idle fork of the shop has ${Math.round(stats.ownBytes / 1024 ** 2)} MiB of its own`);
    });

    test('a fork can be forked, several at once', async () => {
      const visits = await peek(copy);
      const children = await fork('copy', '--name', 'child', '--count', '2');
      expect(children.map(({ name, parent }) => [name, parent])).toEqual([
        ['child-1', 'copy'],
        ['child-2', 'copy'],
      ]);
      expect(await Promise.all(children.map(visit))).toEqual([visits + 1, visits + 1]);
      expect(await visit(copy)).toBe(visits + 1);
      const addresses = new Set([shop, copy, ...children].map(({ address }) => address));
      expect(addresses.size).toBe(4);
    });

    test('the command line tells the time, the pause and the cost of a fork', async () => {
      const told = await berthOk(['fork', 'shop', '--name', 'told']);
      expect(told).toMatch(
        /told\s+127\.88\.\d+\.\d+\s+127\.88\.\d+\.\d+:8080\S*\s+\d[\d.]* m?s\s+\d[\d.]* m?s/,
      );
      expect(told).toMatch(/^told: .*\d/m);
    });
  });
});
