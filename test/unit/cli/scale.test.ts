import { expect, test } from 'vitest';
import type { Client, EnvironmentsApi } from '../../../src/client/index.ts';
import type { ScaleRequest } from '../../../src/contract/index.ts';
import type { Environment, EnvironmentId, Replicas } from '../../../src/model/index.ts';
import { replicaCount } from '../../../src/cli/arguments/options.ts';
import { runFake } from './fake-cli.ts';
import { environment, operation } from './samples.ts';

const machine = (number: number) => ({
  id: `env-00000000000${number}` as EnvironmentId,
  name: number === 0 ? 'shop' : `shop-r${number}`,
  health: number === 2 ? ('unhealthy' as const) : ('up' as const),
  connections: number,
});
const replicas = (more: Partial<Replicas> = {}): Replicas => ({
  ...{ min: 3, max: 3, target: 'connections', value: 20, coolDownMs: 60_000, drainMs: 30_000 },
  machines: [machine(0), machine(1), machine(2)],
  ...more,
});

function clientWith(environments: Partial<EnvironmentsApi>): Partial<Client> {
  return { environments: environments as EnvironmentsApi, finishOperation: async () => operation() };
}

async function scale(after: Environment, ...flags: string[]) {
  const sent: ScaleRequest[] = [];
  const client = clientWith({
    scale: async (_name, request) => {
      sent.push(request);
      return operation({ state: 'running' });
    },
    get: async () => after,
  });
  return { ...(await runFake(client, 'scale', 'shop', ...flags)), sent };
}

test('scale sends the number, and tells which machines answer', async () => {
  const { out, sent } = await scale(
    environment({ replicas: replicas() }),
    '--replicas',
    '3',
    '--drain',
    '1m',
  );
  expect(sent).toEqual([{ replicas: 3, drainMs: 60_000 }]);
  expect(out).toBe(`2 machines answer for shop
  shop: up, 0 connections
  shop-r1: up, 1 connections
  shop-r2: unhealthy, 2 connections
`);
  expect((await scale(environment(), '--replicas', '1')).out).toBe('shop answers by itself\n');
});

test.each(['0', '65', '2.5', 'many'])('%s is no number of machines', (count) => {
  expect(() => replicaCount(count)).toThrow('whole number from 1 to 64');
});

test('ls shows of which environment a replica is one, and -q leaves it out', async () => {
  const { id } = environment();
  const list = async () => [
    environment({ replicas: replicas({ min: 1, max: 5 }) }),
    environment({ name: 'shop-r1', parent: 'shop', replicaOf: id }),
  ];
  const { out } = await runFake(clientWith({ list }), 'ls');
  expect(out).toMatch(/REPLICAS[\s\S]* 2\/1-5 [\s\S]* of shop /);
  expect((await runFake(clientWith({ list }), 'ls', '-q')).out).toBe('shop\n');
});

test('inspect shows the bounds and each machine', async () => {
  const get = async () => environment({ replicas: replicas({ max: 5, target: 'cpu', value: 70 }) });
  const { out } = await runFake(clientWith({ get }), 'inspect', 'shop');
  expect(out).toContain('3 to 5, each with at most 70 % of a core');
  expect(out).toContain('shop-r2: unhealthy, 2 connections');
});
