import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { QmpClient } from '../../../src/hypervisor/qemu/qmp/client.ts';

/** The other end of a monitor, in memory. */
class FakeSocket extends EventEmitter {
  readonly sent: { execute: string; id: number; arguments?: unknown }[] = [];
  destroyed = false;
  answer: (message: { execute: string; id: number }) => object | undefined = ({ id }) => ({ return: {}, id });

  write(text: string): void {
    const message = JSON.parse(text) as { execute: string; id: number };
    this.sent.push(message);
    const reply = this.answer(message);
    if (reply !== undefined) queueMicrotask(() => this.say(reply));
  }

  say(message: object): void {
    this.emit('data', Buffer.from(`${JSON.stringify(message)}\r\n`));
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

async function openClient(): Promise<{ client: QmpClient; socket: FakeSocket }> {
  const socket = new FakeSocket();
  const opening = QmpClient.open(socket, 1000);
  socket.say({ QMP: { version: {} } });
  return { client: await opening, socket };
}

test('leaves negotiation before anything else', async () => {
  const { socket } = await openClient();
  expect(socket.sent.map(({ execute }) => execute)).toEqual(['qmp_capabilities']);
});

test('matches replies to commands by id, whatever their order', async () => {
  const { client, socket } = await openClient();
  socket.answer = () => undefined;
  const first = client.send('query-status');
  const second = client.send('query-migrate');
  const [, a, b] = socket.sent;
  socket.say({ return: { status: 'completed' }, id: b?.id });
  socket.say({ return: { status: 'running', running: true }, id: a?.id });
  await expect(first).resolves.toEqual({ status: 'running', running: true });
  await expect(second).resolves.toEqual({ status: 'completed' });
});

test('puts a reply together that arrives in pieces', async () => {
  const { client, socket } = await openClient();
  socket.answer = () => undefined;
  const status = client.send('query-status');
  const line = `${JSON.stringify({ return: { status: 'paused', running: false }, id: socket.sent.at(-1)?.id })}\n`;
  for (const letter of line) socket.emit('data', Buffer.from(letter));
  await expect(status).resolves.toMatchObject({ status: 'paused' });
});

test('an error of QEMU names the command and the reason', async () => {
  const { client, socket } = await openClient();
  socket.answer = ({ id }) => ({ error: { class: 'GenericError', desc: 'no such node' }, id });
  await expect(client.send('cont')).rejects.toMatchObject({
    code: 'hypervisor-failed',
    message: expect.stringMatching(/cont.*no such node/),
  });
});

test('a command without an answer fails at its deadline and its late reply is ignored', async () => {
  const { client, socket } = await openClient();
  socket.answer = () => undefined;
  const pending = client.send('query-status', undefined, 20);
  await expect(pending).rejects.toMatchObject({ code: 'machine-unresponsive' });
  socket.say({ return: {}, id: socket.sent.at(-1)?.id });
  socket.answer = ({ id }) => ({ return: { status: 'running', running: true }, id });
  await expect(client.send('query-status')).resolves.toMatchObject({ running: true });
});

test('everything that waits fails when the connection ends', async () => {
  const { client, socket } = await openClient();
  socket.answer = () => undefined;
  const command = client.send('query-status');
  const event = client.waitFor(() => true, new AbortController().signal);
  socket.destroy();
  await expect(command).rejects.toMatchObject({ code: 'machine-unresponsive' });
  await expect(event).rejects.toMatchObject({ code: 'machine-crashed' });
  await expect(client.send('cont')).rejects.toMatchObject({ code: 'machine-unresponsive' });
});

test('lines that are no message do no harm', async () => {
  const { client, socket } = await openClient();
  socket.emit('data', Buffer.from('garbage\n[1,2\nnull\n'));
  await expect(client.send('cont')).resolves.toEqual({});
});

test('an event reaches those who wait for it, with QEMU’s own time', async () => {
  const { client, socket } = await openClient();
  const waiting = client.waitFor(({ event }) => event === 'STOP', new AbortController().signal);
  socket.say({ event: 'RESUME', timestamp: { seconds: 1, microseconds: 0 } });
  socket.say({ event: 'STOP', timestamp: { seconds: 2, microseconds: 500_000 } });
  await expect(waiting).resolves.toMatchObject({ event: 'STOP', atMs: 2500 });
});

test('a socket that does not greet is given up', async () => {
  const socket = new FakeSocket();
  await expect(QmpClient.open(socket, 20)).rejects.toMatchObject({ code: 'machine-unresponsive' });
  expect(socket.destroyed).toBe(true);
});
