import { expect, test } from 'vitest';
import { MessageQueue } from '../../../src/cli/transport/message-queue.ts';

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

async function readAll(queue: MessageQueue): Promise<number[]> {
  const values: number[] = [];
  for await (const message of queue) values.push(message[0] ?? -1);
  return values;
}

test('gives messages in order, those that came before and those that come while it is read', async () => {
  const queue = new MessageQueue(10, () => undefined);
  queue.push(bytes(1));
  const read = readAll(queue);
  await Promise.resolve();
  queue.push(bytes(2));
  queue.push(bytes(3));
  queue.finish();
  expect(await read).toEqual([1, 2, 3]);
});

test('throws after the messages that came before the connection broke', async () => {
  const queue = new MessageQueue(10, () => undefined);
  queue.push(bytes(1));
  queue.finish(new Error('broken'));
  queue.finish();
  const seen: number[] = [];
  const read = (async () => {
    for await (const message of queue) seen.push(message[0] ?? -1);
  })();
  await expect(read).rejects.toThrow('broken');
  expect(seen).toEqual([1]);
});

test('tells its source to rest when too much waits and to go on when it is read', async () => {
  const flows: boolean[] = [];
  const queue = new MessageQueue(4, (flow) => flows.push(flow));
  for (let value = 0; value < 6; value += 1) queue.push(bytes(value));
  expect(flows).toEqual([false]);
  queue.finish();
  expect(await readAll(queue)).toHaveLength(6);
  expect(flows).toEqual([false, true]);
});
