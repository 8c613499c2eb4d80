import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createClient } from '@redis/client';
import { GenericContainer, Network, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { berthJson, berthOk, fork, inspect, removeAllEnvironments } from './rig/berth.ts';
import { dockerode } from './rig/docker.ts';
import { ROOT } from './rig/home.ts';
import { prepareAlone } from './rig/prepare.ts';
import { shopFile } from './rig/shop.ts';
import { TINY_IMAGE, tinyProject } from './rig/tiny.ts';

/** Has a Redis made of Debian's packages in it: its successor Valkey. */
const REDIS_IMAGE = 'berth/shop:1';
const START_TIMEOUT_MS = 120_000;

let host: Environment;

beforeAll(async () => {
  await prepareAlone();
  await shopFile();
  const file = await tinyProject('tc', [{ name: 'web', ports: ['8080:80'] }]);
  await berthOk(['up', '-f', file, '--name', 'tc', '--memory', '1GiB']);
  host = await inspect('tc');
  const variables = await berthJson<Record<string, string>>(['docker-env', 'tc']);
  // Its image would come from a registry.
  Object.assign(process.env, variables, { TESTCONTAINERS_RYUK_DISABLED: 'true' });
});
afterAll(() => removeAllEnvironments());

/** A container of the tiny web server, not started. */
const tiny = () => new GenericContainer(TINY_IMAGE).withExposedPorts(80).withStartupTimeout(START_TIMEOUT_MS);

const urlOf = (container: StartedTestContainer) =>
  `http://${container.getHost()}:${container.getMappedPort(80)}`;

async function page(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();
}

/** Reads the log, which is followed and so has no end, until the words are in it. */
async function logged(container: StartedTestContainer, words: string): Promise<string> {
  let said = '';
  for await (const chunk of await container.logs()) {
    said += String(chunk);
    if (said.includes(words)) break;
  }
  return said;
}

test('waits for ports, finds them at the address of the environment, and they go with the container', async () => {
  const container = await tiny().withWaitStrategy(Wait.forListeningPorts()).start();
  expect(container.getHost()).toBe(host.address);
  const url = urlOf(container);
  expect(await page(url)).toBe('hello\n');
  await container.stop();
  await expect.poll(() => page(url).catch(() => 'gone')).toBe('gone');
});

test('waits for a page, for a line of the log, for health, and for the end', async () => {
  const web = await tiny().withWaitStrategy(Wait.forHttp('/', 80).forStatusCode(200)).start();
  const talking = await tiny()
    .withCommand(['sh', '-c', 'sleep 1; echo "now ready"; exec httpd -f -p 80 -h /www'])
    .withWaitStrategy(Wait.forLogMessage(/now ready/))
    .start();
  const test = ['CMD', 'wget', '-qO', '/dev/null', 'http://127.0.0.1/'];
  const healthy = await tiny()
    .withHealthCheck({ test: test as ['CMD', ...string[]], interval: 1_000, retries: 20, startPeriod: 1_000 })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  const once = await tiny().withCommand(['true']).withWaitStrategy(Wait.forOneShotStartup()).start();
  expect(await page(urlOf(web))).toBe('hello\n');
  expect(await logged(talking, 'now ready')).toContain('now ready');
  await Promise.all([web, talking, healthy, once].map((container) => container.stop()));
});

test('executes, copies both ways, and restarts', async () => {
  const container = await tiny()
    .withCopyContentToContainer([{ content: 'copied before\n', target: '/www/before' }])
    .start();
  expect(await page(`${urlOf(container)}/before`)).toBe('copied before\n');
  await container.copyContentToContainer([{ content: 'copied after\n', target: '/www/after' }]);
  const { output, exitCode } = await container.exec(['cat', '/www/after']);
  expect([output, exitCode]).toEqual(['copied after\n', 0]);
  expect(await text(await container.copyArchiveFromContainer('/www/after'))).toContain('copied after');
  expect((await container.exec(['sh', '-c', 'exit 3'])).exitCode).toBe(3);
  await container.restart();
  await expect.poll(() => page(`${urlOf(container)}/after`).catch(() => '')).toBe('copied after\n');
  await container.stop();
});

test('containers of one network find each other by their aliases', async () => {
  const network = await new Network().start();
  const server = await tiny().withNetwork(network).withNetworkAliases('server').start();
  const client = await tiny().withNetwork(network).start();
  const { output } = await client.exec(['wget', '-qO-', 'http://server/']);
  expect(output).toBe('hello\n');
  await Promise.all([server.stop(), client.stop()]);
  await network.stop();
});

test('a Redis client works with a Redis container, and with the same in a fork, each by itself', async () => {
  const archive = createReadStream(join(ROOT, 'examples/shop/images/shop.tar'));
  await text(await dockerode(host).loadImage(archive));
  const container = await new GenericContainer(REDIS_IMAGE)
    .withCommand(['valkey-server', '--protected-mode', 'no', '--save', ''])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const port = container.getMappedPort(6379);
  const connected = (address: string) => createClient({ url: `redis://${address}:${port}` }).connect();
  const redis = await connected(container.getHost());
  await redis.set('who', 'parent');
  expect(await redis.incrBy('count', 41)).toBe(41);
  expect(await redis.multi().incr('count').hSet('map', { a: '1', b: '2' }).exec()).toEqual([42, 2]);
  const listener = await connected(container.getHost());
  const heard = Promise.withResolvers<string>();
  await listener.subscribe('news', heard.resolve);
  await redis.publish('news', 'forks ahead');
  expect(await heard.promise).toBe('forks ahead');

  const [twin] = await fork('tc', '--name', 'tc-twin');
  const forked = await connected(twin?.address ?? '');
  expect([await forked.get('who'), await forked.get('count')]).toEqual(['parent', '42']);
  await forked.set('who', 'fork');
  expect(await redis.get('who')).toBe('parent');
  for (const client of [redis, listener, forked]) client.destroy();
  await container.stop();
});
