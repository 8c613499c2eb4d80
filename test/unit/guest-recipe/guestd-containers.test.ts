import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const guestd = resolve(import.meta.dirname, '../../../guest/debian-13/files/usr/lib/berth/guestd');
let root: string;
let server: Server;
let host: Socket;
let child: ChildProcess;
let heard: string[];

/** A guestd whose host listens on a unix socket in place of the virtio-serial port. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'berth-guestd-'));
  mkdirSync(join(root, 'run/libpod/events'), { recursive: true });
  heard = [];
  const path = join(root, 'port.sock');
  const connected = new Promise<Socket>((resolve) => {
    server = createServer(resolve);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  child = spawn('perl', [guestd], {
    env: { ...process.env, GUESTD_REHEARSAL: root, GUESTD_REHEARSAL_SOCKET: path },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  host = await connected;
  let held = '';
  host.setEncoding('latin1');
  host.on('data', (chunk: string) => {
    const lines = (held + chunk).split('\n');
    held = lines.pop() ?? '';
    heard.push(...lines);
  });
});
afterEach(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  host.destroy();
  expect(await ended).toBe(0);
  server.close();
  rmSync(root, { recursive: true });
});

const log = () => join(root, 'run/libpod/events/events.log');

function event(status: string, type = 'container'): string {
  const line = { Name: 'web', Status: status, Time: '2026-01-01T00:00:00Z', Type: type };
  return `${JSON.stringify(line)}\n`;
}

/** Asks for the mark; gives its count. */
async function count(id: string): Promise<number> {
  host.write(`${id} containers\n`);
  await expect.poll(() => heard.find((line) => line.startsWith(`${id} `))).toMatch(/ ok [0-9a-f]{16}\.\d+$/);
  return Number(heard.find((line) => line.startsWith(`${id} `))?.split('.')[1]);
}

const notices = () => heard.filter((line) => line.startsWith('! '));

test('containers that start and end are told of, and change the mark', async () => {
  expect(await count('a')).toBe(0);
  const before = notices().length;
  writeFileSync(log(), event('start'));
  await expect.poll(() => notices().slice(before)).toEqual([expect.stringMatching(/^! containers .*\.1$/)]);
  appendFileSync(log(), event('died'));
  await expect.poll(() => notices().at(-1)).toMatch(/\.2$/);
  expect(await count('b')).toBe(2);
});

test('what changes nothing is not told: exec, images, a health check without an outcome', async () => {
  writeFileSync(log(), event('health_status') + event('exec') + event('exec_died') + event('pull', 'image'));
  appendFileSync(log(), event('cleanup'));
  expect(await count('a')).toBe(0);
  appendFileSync(log(), event('remove'));
  expect(await count('b')).toBe(1);
});

test('health is told when it changes, each container by itself', async () => {
  const check = (id: string, health: string) =>
    `${JSON.stringify({ ID: id.repeat(64), Status: 'health_status', Type: 'container', health_status: health })}\n`;
  writeFileSync(log(), check('a', 'starting') + check('a', 'healthy') + check('a', 'healthy'));
  expect(await count('a')).toBe(1);
  appendFileSync(log(), check('a', 'healthy'));
  expect(await count('b')).toBe(1);
  appendFileSync(log(), check('b', 'healthy'));
  expect(await count('c')).toBe(2);
  appendFileSync(log(), check('a', 'unhealthy'));
  expect(await count('d')).toBe(3);
});

test('a line is understood when its second half comes later', async () => {
  const line = event('start');
  writeFileSync(log(), line.slice(0, 30));
  expect(await count('a')).toBe(0);
  appendFileSync(log(), line.slice(30));
  expect(await count('b')).toBe(1);
});

test('a log that is cut, replaced or grows by too much counts as a change', async () => {
  writeFileSync(log(), event('start'));
  expect(await count('a')).toBe(1);
  writeFileSync(log(), '');
  expect(await count('b')).toBe(2);
  writeFileSync(`${log()}.new`, event('health_status'));
  renameSync(`${log()}.new`, log());
  expect(await count('c')).toBe(3);
  appendFileSync(log(), event('health_status').repeat(10_000));
  expect(await count('d')).toBe(4);
  appendFileSync(log(), event('start'));
  expect(await count('e')).toBe(5);
});

test('a flood of events makes twenty notices a second at most, and requests are answered meanwhile', async () => {
  writeFileSync(log(), '');
  const startedAt = Date.now();
  while (Date.now() - startedAt < 500) {
    for (let index = 0; index < 100; index += 1) appendFileSync(log(), event('start'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  host.write('x ping\n');
  await expect.poll(() => heard).toContain('x ok');
  expect(notices().length).toBeLessThanOrEqual(Math.ceil((Date.now() - startedAt) / 50) + 2);
});
