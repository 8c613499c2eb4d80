import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BerthError } from '../../../src/errors/index.ts';
import { createIngress, type Ingress } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE, PUBLIC, published } from './loopback.ts';

let net: Loopback;
let ingress: Ingress;
beforeEach(() => {
  net = new Loopback();
  ingress = createIngress();
});
afterEach(async () => {
  await ingress.close();
  await net.close();
});

const failure = (work: Promise<void>): Promise<BerthError> =>
  work.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: BerthError) => error,
  );

test('check passes ports that are free and leaves them free', async () => {
  const port = await net.freePort();
  const ports = [published(port), published(port, { protocol: 'udp' })];
  await ingress.check(ports);
  await ingress.check(ports);
});

test('check names every port that is taken, with the process that holds it', async () => {
  const held = await net.serve(() => undefined, PUBLIC);
  const udp = createSocket('udp4').bind(0, PUBLIC);
  await once(udp, 'listening');
  try {
    const error = await failure(
      ingress.check([
        published(held, { service: 'web' }),
        published(await net.freePort()),
        published(udp.address().port, { service: 'dns', protocol: 'udp' }),
      ]),
    );
    expect(error.code).toBe('port-in-use');
    expect(error.problems.map(({ path }) => path)).toEqual(['services.web.ports', 'services.dns.ports']);
    expect(error.problems[0]?.message).toBe(
      `${PUBLIC}:${held}/tcp is held by process ${process.pid} (${error.problems[0]?.message.match(/\((.*)\)/)?.[1]})`,
    );
    expect(error.problems[1]?.message).toContain(`process ${process.pid} (`);
  } finally {
    udp.close();
  }
});

test('check finds the same port twice in one environment', async () => {
  const port = await net.freePort();
  const error = await failure(ingress.check([published(port), published(port, { service: 'api' })]));
  expect(error.problems.map(({ message }) => message)).toEqual([
    `${PUBLIC}:${port}/tcp is held by service "web" of the same environment`,
  ]);
});

test('check refuses an address that is not of this host', async () => {
  const error = await failure(ingress.check([published(8080, { hostAddress: '203.0.113.77' })]));
  expect(error.code).toBe('address-unavailable');
  expect(error.message).toContain('203.0.113.77 is not an address of this host');
});

test('ports of another environment are taken, those of its own are not', async () => {
  const port = published(await net.freePort());
  await ingress.publish('mine', port, { host: MACHINE, port: 1 });
  await ingress.check([port], 'mine');
  const error = await failure(ingress.check([port], 'yours'));
  expect(error.message).toContain('is held by environment mine');
});

test('publish on a taken port fails and leaves nothing', async () => {
  const port = published(await net.freePort());
  await ingress.publish('mine', port, { host: MACHINE, port: 1 });
  expect((await failure(ingress.publish('yours', port, { host: MACHINE, port: 1 }))).code).toBe(
    'port-in-use',
  );
  const held = published(await net.serve(() => undefined, PUBLIC));
  expect((await failure(ingress.publish('yours', held, { host: MACHINE, port: 1 }))).code).toBe(
    'port-in-use',
  );
  await ingress.withdraw('mine');
  await ingress.publish('yours', port, { host: MACHINE, port: 1 });
});

test('one port is withdrawn by itself, and only by its owner', async () => {
  const target = { host: MACHINE, port: await net.serve((socket) => socket.end('here')) };
  const [one, other] = [published(await net.freePort()), published(await net.freePort())];
  await ingress.publish('env-1', one, target);
  await ingress.publish('env-1', other, target);
  await ingress.withdrawPort('env-2', one);
  await ingress.withdrawPort('env-1', one);
  await ingress.withdrawPort('env-1', one);
  await ingress.check([one]);
  expect((await failure(ingress.check([other]))).code).toBe('port-in-use');
  await ingress.publish('env-2', one, target);
});

test('a range of a hundred ports opens and closes quickly', async () => {
  const first = 20_000 + (process.pid % 20_000);
  const range = Array.from({ length: 100 }, (_, index) => published(first + index));
  const startedAt = performance.now();
  await Promise.all(range.map((port) => ingress.publish('env', port, { host: MACHINE, port: 9 })));
  await Promise.all(range.map((port) => ingress.withdrawPort('env', port)));
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  await ingress.check(range);
});
