import { expect, test, vi } from 'vitest';
import { createClient, type RemoteProcess } from '../../../src/client/index.ts';
import { decodeFrame, encodeControl, encodeFrame } from '../../../src/contract/index.ts';
import { fakeSocket, fakeTransport } from './fake-transport.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function open(messages: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const fake = fakeSocket(messages);
  const transport = { ...fakeTransport(), openSocket: vi.fn(async () => fake.socket) };
  const process = await createClient(transport).environments.exec('shop', 'web', ['sh', '-c', 'a b'], {
    tty: true,
  });
  return { ...fake, process, openSocket: transport.openSocket };
}

async function outputOf(process: RemoteProcess): Promise<string[]> {
  const output: string[] = [];
  for await (const { stream, data } of process.output)
    output.push(`${stream} ${new TextDecoder().decode(data)}`);
  return output;
}

test('opens the socket of the command', async () => {
  const { openSocket } = await open([]);
  expect(openSocket).toHaveBeenCalledWith(
    '/v1/environments/shop/exec?service=web&cmd=sh&cmd=-c&cmd=a+b&tty=true',
    undefined,
  );
});

test('gives output and the exit code, and closes the socket', async () => {
  const { process, isClosed } = await open([
    encodeFrame('stdout', bytes('out')),
    encodeFrame('stderr', bytes('err')),
    encodeControl({ type: 'exit', code: 3 }),
  ]);
  expect(await outputOf(process)).toEqual(['stdout out', 'stderr err']);
  expect(await process.exit).toBe(3);
  expect(isClosed()).toBe(true);
});

test('sends input in pieces, sizes and the end of input as frames', async () => {
  const { process, sent } = await open([]);
  await process.write(bytes('x'.repeat(100_000)));
  await process.resize(50, 100);
  await process.end();
  const frames = sent.map((message) => decodeFrame(message));
  expect(frames.map((frame) => frame?.channel)).toEqual(['stdin', 'stdin', 'control', 'control']);
  expect(frames.slice(0, 2).map((frame) => frame?.data.length)).toEqual([65_536, 34_464]);
  expect(frames.slice(2).map((frame) => new TextDecoder().decode(frame?.data))).toEqual([
    '{"type":"resize","rows":50,"columns":100}',
    '{"type":"eof"}',
  ]);
});

test('exit rejects with the failure of a process that could not be started', async () => {
  const failure = { code: 'not-running', message: 'shop is stopped', remedy: './berth start shop' };
  const { process } = await open([encodeControl({ type: 'error', failure })]);
  expect(await outputOf(process)).toEqual([]);
  await expect(process.exit).rejects.toMatchObject(failure);
});

test('exit rejects when the connection ends or breaks without a last word', async () => {
  const ended = await open([encodeFrame('stdout', bytes('x'))]);
  await outputOf(ended.process);
  await expect(ended.process.exit).rejects.toMatchObject({ code: 'daemon-not-running' });
  const broken = await open(
    (async function* () {
      yield encodeFrame('stdout', bytes('x'));
      throw new Error('reset');
    })(),
  );
  expect(await outputOf(broken.process)).toEqual(['stdout x']);
  await expect(broken.process.exit).rejects.toMatchObject({ message: 'reset' });
});

test('exit rejects for whoever leaves, and leaving twice is no error', async () => {
  const { process, isClosed } = await open([]);
  process.close();
  process.close();
  await expect(process.exit).rejects.toMatchObject({ code: 'cancelled' });
  expect(isClosed()).toBe(true);
});

test('messages that are no frames are passed over', async () => {
  const { process } = await open([
    new Uint8Array(),
    new Uint8Array([77]),
    encodeFrame('control', bytes('{')),
    encodeControl({ type: 'exit', code: 0 }),
  ]);
  await outputOf(process);
  expect(await process.exit).toBe(0);
});
