import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitAccepting } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE } from './loopback.ts';

let net: Loopback;
beforeEach(() => {
  net = new Loopback();
});
afterEach(() => net.close());

test('ends when the port begins to accept', async () => {
  const port = await net.freePort(MACHINE);
  let ended = false;
  const waiting = waitAccepting({ host: MACHINE, port }, { timeoutMs: 10_000 }).then(() => {
    ended = true;
  });
  await net.serve(() => undefined, MACHINE);
  expect(ended).toBe(false);
  await net.serve(() => undefined, MACHINE, port);
  await waiting;
});

test('takes a server that speaks first at its word', async () => {
  const port = await net.serve((socket) => socket.end('220 hello'));
  await waitAccepting({ host: MACHINE, port }, { timeoutMs: 5_000, settleMs: 60_000 });
});

test('a relay that accepts and closes at once does not count', async () => {
  const port = await net.serve((socket) => socket.resetAndDestroy());
  const error = await waitAccepting({ host: MACHINE, port }, { timeoutMs: 150 }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({
    code: 'timeout',
    message: `Nothing accepts connections at ${MACHINE}:${port} within 150 ms`,
  });
});

test('ends with the reason of the signal', async () => {
  const controller = new AbortController();
  const port = await net.freePort(MACHINE);
  const waiting = waitAccepting({ host: MACHINE, port }, { timeoutMs: 60_000, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(
    waitAccepting({ host: MACHINE, port }, { timeoutMs: 60_000, signal: controller.signal }),
  ).rejects.toThrow('enough');
});
