import { expect, onTestFinished, test } from 'vitest';
import { connectGuestDaemon, type GuestDaemonLink, makeIdentity } from '../../../src/guest/index.ts';
import { FakeGuest } from './fake-guest.ts';

const SOON = { timeoutMs: 5_000 };

function link(guest: FakeGuest): GuestDaemonLink {
  const found = connectGuestDaemon(guest.path);
  onTestFinished(() => found.close());
  return found;
}

test('one round trip, with a line end first that voids what was half said', async () => {
  const heard: string[] = [];
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    heard.push(line);
    socket.write(`${line.split(' ')[0]} ok\n`);
  });
  await link(guest).ping(SOON);
  expect(heard[0]).toBe('');
  expect(heard[1]).toMatch(/^\d+ ping$/);
});

test('ids start anywhere and never repeat', async () => {
  const ids: number[] = [];
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    if (line === '') return;
    ids.push(Number(line.split(' ')[0]));
    socket.write(`${line.split(' ')[0]} ok\n`);
  });
  const first = link(guest);
  await first.ping(SOON);
  await first.ping(SOON);
  first.close();
  await link(guest).ping(SOON);
  expect(new Set(ids).size).toBe(3);
  expect(Math.abs((ids[2] ?? 0) - (ids[0] ?? 0))).toBeGreaterThan(1);
});

test('stale answers, garbage and endless lines are passed over', async () => {
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const [id] = line.split(' ');
    if (id === undefined || id === '') return;
    socket.write(`7 ok\n- error 00\n${Number(id) - 1} error ff\n\n   \n${id}\nnonsense ok ${id}\n`);
    socket.write(`${'x'.repeat(100_000)}\n`);
    socket.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    socket.write(`${id} ok\n`);
  });
  await link(guest).ping(SOON);
});

test('an answer that comes in single bytes is understood', async () => {
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    for (const letter of `${line.split(' ')[0] ?? ''} ok 17.500000000\n`) socket.write(letter);
  });
  const { offsetMs } = await link(guest).setTime(SOON);
  expect(offsetMs).toBeLessThan(-1_000_000);
});

test('setTime sends the host time with nine decimals and tells how far the guest was off', async () => {
  let sent = '';
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const [id, verb, time] = line.split(' ');
    if (verb === undefined) return;
    sent = time ?? '';
    const seconds = Number(sent.split('.')[0]) - 150;
    socket.write(`${id} ok ${seconds}.${sent.split('.')[1]}\n`);
  });
  await expect(link(guest).setTime(SOON)).resolves.toEqual({ offsetMs: -150_000 });
  expect(sent).toMatch(/^\d{10}\.\d{3}000000$/);
  expect(Math.abs(Number(sent) * 1_000 - Date.now())).toBeLessThan(5_000);
});

test('an identity goes out in one line of hex words', async () => {
  let words: string[] = [];
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    if (line === '') return;
    words = line.split(' ');
    socket.write(`${words[0]} ok\n`);
  });
  const identity = makeIdentity('shop-2');
  await link(guest).renewIdentity(identity, SOON);
  const fields = new Map(
    words.slice(2).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
  const text = (key: string) => Buffer.from(fields.get(key) ?? '', 'hex').toString();
  expect(words[1]).toBe('identity');
  expect(text('hostname')).toBe('shop-2');
  expect(text('machine-id')).toBe(identity.machineId);
  expect(fields.get('seed')).toBe(identity.entropyHex);
  expect(text('key.ed25519')).toBe(identity.hostKeys[0]?.private);
  expect(text('key.ed25519.pub')).toBe(`${identity.hostKeys[0]?.public}\n`);
  expect(fields.get('time')).toMatch(/^\d+\.\d{9}$/);
  expect(words.join(' ').length).toBeLessThan(65_536);
});

test("a refusal is an error that carries the guest's words, made harmless", async () => {
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const message = Buffer.from('seed is not\u001b[31m 32 bytes').toString('hex');
    socket.write(`${line.split(' ')[0]} error ${message}\n`);
  });
  await expect(link(guest).ping(SOON)).rejects.toMatchObject({
    code: 'guest-command-failed',
    message: 'the guest refused "ping": seed is not [31m 32 bytes',
  });
});

test('waitReady asks again until it is answered', async () => {
  let asked = 0;
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    if (line === '') return;
    asked += 1;
    if (asked === 3) socket.write(`${line.split(' ')[0]} ok\n`);
  });
  await link(guest).waitReady(SOON);
  expect(asked).toBe(3);
});

test('waits for a socket that is not there yet', async () => {
  await using guest = await FakeGuest.create();
  const waiting = link(guest).waitReady(SOON);
  await guest.lines((line, socket) => socket.write(`${line.split(' ')[0]} ok\n`));
  await waiting;
});

test('asks again over a new connection when the first is lost', async () => {
  let connections = 0;
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    if (line === '') {
      connections += 1;
      return;
    }
    if (connections === 1) socket.destroy();
    else socket.write(`${line.split(' ')[0]} ok\n`);
  });
  await link(guest).ping(SOON);
  expect(connections).toBe(2);
});

test('requests at the same time share a connection and get their own answers', async () => {
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const [id, verb] = line.split(' ');
    if (verb === 'time') socket.write(`${id} ok 1.000000000\n`);
    if (verb === 'ping') setImmediate(() => socket.write(`${id} ok\n`));
  });
  const shared = link(guest);
  const [, time] = await Promise.all([shared.ping(SOON), shared.setTime(SOON), shared.ping(SOON)]);
  expect(time.offsetMs).toBeLessThan(0);
  expect(guest.sockets).toHaveLength(1);
});

test('a guest that says nothing fails at the deadline, by name', async () => {
  await using guest = await (await FakeGuest.create()).lines(() => undefined);
  await expect(link(guest).waitReady({ timeoutMs: 60 })).rejects.toMatchObject({
    code: 'guest-unreachable',
    message: 'the guest did not answer "ready" within 60 ms',
  });
});

test('aborting ends the wait with the reason given', async () => {
  await using guest = await (await FakeGuest.create()).lines(() => undefined);
  const controller = new AbortController();
  const waiting = link(guest).waitReady({ timeoutMs: 60_000, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(link(guest).ping({ timeoutMs: 1_000, signal: controller.signal })).rejects.toThrow('enough');
});

test('closing fails what is under way and everything after', async () => {
  await using guest = await (await FakeGuest.create()).lines(() => undefined);
  const closed = link(guest);
  const waiting = closed.waitReady({ timeoutMs: 60_000 });
  closed.close();
  closed.close();
  await expect(waiting).rejects.toMatchObject({ code: 'guest-unreachable' });
  await expect(closed.ping(SOON)).rejects.toMatchObject({ code: 'guest-unreachable' });
});

test('marks of the containers are told, asked or not; anything else that looks like one is passed over', async () => {
  const mark = (count: number) => `${'0a'.repeat(8)}.${count}`;
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const [id, verb] = line.split(' ');
    if (verb !== 'containers') return;
    socket.write(`! containers ${mark(1)}\n! containers\n! containers x.1\n! containers ${mark(1)} more\n`);
    socket.write(`! nonsense ${mark(2)}\n!\n! \n${id} ok ${mark(3)}\n! containers ${mark(4)}\n`);
  });
  const heard: string[] = [];
  const shared = link(guest);
  shared.onContainers((told) => heard.push(told));
  expect(await shared.containersMark(SOON)).toBe(mark(3));
  await expect.poll(() => heard).toEqual([mark(1), mark(4)]);
});

test('a guest that floods the line is read at a bounded rate, and still answers', async () => {
  let sent = 0;
  await using guest = await (await FakeGuest.create()).lines((line, socket) => {
    const [id, verb] = line.split(' ');
    if (verb === undefined) return;
    socket.write(`${id} ok\n`);
    const notice = `! containers ${'0a'.repeat(8)}.1\n`.repeat(2_000);
    const flood = () => {
      while (!socket.destroyed && socket.write(notice)) sent += notice.length;
      sent += notice.length;
      socket.once('drain', flood);
    };
    flood();
  });
  const shared = link(guest);
  let notices = 0;
  shared.onContainers(() => {
    notices += 1;
  });
  await shared.ping(SOON);
  const startedAt = performance.now();
  await expect.poll(() => performance.now() - startedAt).toBeGreaterThan(500);
  // A burst and half a second's worth; what else was written still waits on its side.
  expect(notices * 33).toBeLessThan(512 * 1024);
  expect(sent).toBeLessThan(4 * 1024 * 1024);
});
