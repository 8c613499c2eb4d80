import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { announceBody } from '../e2e/rig/api.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { statusOf } from '../e2e/rig/processes.ts';
import type { Failure } from '../../src/model/index.ts';
import { call } from './rig/api.ts';
import { Subject, until } from './rig/subject.ts';

const WITHIN_MS = 1_000;
const MIB = 1024 ** 2;
/** What the daemon's memory may differ by after all of it. */
const GROWTH_BYTES = 48 * MIB;
/** The daemon waits so long for the head of a request; it looks every now and then. */
const HEAD_CLOSED_WITHIN_MS = 45_000;
const IDLE_SOCKETS = 1_000;

let subject: Subject;
let path: string;
let ownBytes: () => Promise<number>;

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await subject.startDaemon();
  path = join(subject.home, 'run/api.sock');
  ownBytes = async () =>
    Number.parseInt(statusOf((await subject.daemonPid()) ?? -1).get('RssAnon') ?? '0', 10) * 1024;
});
afterEach(async () => {
  const startedAt = performance.now();
  await subject.environments();
  expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);
});

describe('Compose files', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    .concat(
      Array.from(
        { length: 12 },
        (_, index) =>
          `l${index}: &l${index} [${Array(9)
            .fill(`*${index === 0 ? 'a' : `l${index - 1}`}`)
            .join(', ')}]`,
      ),
    )
    .join('\n');
  const web = 'services:\n  web:\n    image: x\n';
  const cases: readonly (readonly [string, string])[] = [
    ['aliases that multiply', `${web}x-bomb:\n${bomb.replaceAll(/^/gm, '  ')}\n`],
    ['an alias of itself', `${web}x-loop: &loop [*loop]\n`],
    ['tabs', 'services:\n\tweb:\n\t\timage: x\n'],
    ['the same key twice', `${web}    image: y\n`],
    ['an unknown key', `${web}    imagee: y\n`],
    [
      'services that wait for each other',
      'services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n',
    ],
    ['a volume that leads out of the project', `${web}    volumes: ["../../etc:/host"]\n`],
    ['ten thousand levels', `${web}x-deep: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`],
    ['a NUL', `${web}    command: "a\u0000b"\n`],
  ];

  test.each(cases)(
    '#42 · a Compose file with %s · refused within a second, naming what is wrong, and nothing begins',
    async (_, compose) => {
      const known = (await subject.operations()).length;
      const startedAt = performance.now();
      const body = { name: 'hostile', compose, projectDirectory: '/tmp', variables: {} };
      const { status, text } = await call(subject.home, 'POST', '/environments', body);
      expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);
      const failure = JSON.parse(text) as Failure;
      expect([status, failure.code]).toEqual([
        expect.toSatisfy((code: number) => code >= 400 && code < 500),
        expect.not.stringMatching('internal'),
      ]);
      expect(failure.remedy).not.toBe('');
      expect((await subject.operations()).length).toBe(known);
    },
  );

  test('#42 b · ten megabytes of Compose file · 413', async () => {
    expect(await announceBody('/environments', 10 * MIB, subject.home)).toBe(413);
  });
});

describe('JSON', () => {
  const post = (body: string) =>
    raw(
      `POST /v1/forks HTTP/1.1\r\nHost: berth\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );

  test('#43 · 100 MB are announced · 413 at once, and the memory stays', async () => {
    const before = await ownBytes();
    for (let index = 0; index < 20; index++)
      expect(await announceBody('/forks', 100 * MIB, subject.home)).toBe(413);
    expect((await ownBytes()) - before).toBeLessThan(GROWTH_BYTES);
  });

  test.each([
    ['100,000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['100,000 levels of objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['values of the wrong type', '{"source":7,"name":{},"count":"many"}'],
    ['a NUL in a name', '{"source":"a\\u0000b"}'],
    ['__proto__', '{"source":"x","__proto__":{"count":2}}'],
    ['constructor.prototype', '{"source":"x","constructor":{"prototype":{"count":2}}}'],
    ['a number beyond all', '{"source":"x","count":1e400}'],
    ['nothing at all', ''],
  ])('#43 b · a body with %s · 400 within a second', async (_, body) => {
    const startedAt = performance.now();
    expect(await post(body)).toMatch(/^HTTP\/1\.1 4(00|04|13) /);
    expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);
  });
});

describe('HTTP', () => {
  test('#44 · 200 clients send their heads byte by byte · others are served, and they are cut off', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(path)));
    let closed = 0;
    for (const socket of sockets) {
      socket.write('GET /v1/environments HTTP/1.1\r\nHost: be');
      socket.once('close', () => (closed += 1));
      socket.resume();
    }
    const drip = setInterval(() => sockets.forEach((socket) => socket.writable && socket.write('x')), 500);
    try {
      for (let index = 0; index < 20; index++) {
        const startedAt = performance.now();
        await subject.environments();
        expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);
      }
      await until('that they are cut off', HEAD_CLOSED_WITHIN_MS, () => (closed === 200 ? true : undefined));
    } finally {
      clearInterval(drip);
      for (const socket of sockets) socket.destroy();
    }
  });

  test(`#44 b · ${IDLE_SOCKETS} connections that ask nothing · others are served within a second`, async () => {
    const before = await ownBytes();
    const sockets: Socket[] = [];
    while (sockets.length < IDLE_SOCKETS)
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(path)))));
    try {
      for (let index = 0; index < 5; index++) {
        const startedAt = performance.now();
        await subject.environments();
        expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);
      }
      expect((await ownBytes()) - before).toBeLessThan(GROWTH_BYTES);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  test.each([
    // More than a socket buffers would still be on its way when the connection ends, and cost the client the answer.
    [
      'a head of 100 KiB',
      `GET /v1/environments HTTP/1.1\r\nHost: berth\r\nX: ${'x'.repeat(100 * 1024)}\r\n\r\n`,
      /^HTTP\/1\.1 4(00|31) /,
    ],
    [
      'two lengths',
      'POST /v1/forks HTTP/1.1\r\nHost: berth\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      'POST /v1/forks HTTP/1.1\r\nHost: berth\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/version HTTP/1.1\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['no HTTP', '\u0016\u0003\u0001 hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  ])('#44 c · a request with %s · refused, and what follows it is not read', async (_, request, status) => {
    const answer = await raw(request);
    expect(answer).toMatch(status);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});

async function open(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes as they are; gives what comes until the connection closes, or for two seconds. */
async function raw(bytes: string): Promise<string> {
  const socket = await open(path);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), 2_000);
  // A connection may be reset while it is written to: what came before counts.
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(timer);
  return text;
}
