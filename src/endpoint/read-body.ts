import type { Readable } from 'node:stream';
import { berthError } from '../errors/index.ts';

/** Reads a body to its end. @throws `payload-too-large` as soon as more than `maxBytes` have come */
export async function readBody(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A request that is destroyed takes its connection along, and with it the answer.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      throw berthError('payload-too-large', `the request has more than ${maxBytes} bytes`, {
        remedy: 'Describe the container with less.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Takes exactly `sizeBytes` from the beginning of a stream that goes on; what follows stays in it. @throws `bad-request` when it ends before */
export async function takeBytes(stream: Readable, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes === 0) return Buffer.alloc(0);
  for (;;) {
    const taken = stream.read(sizeBytes) as Buffer | null;
    if (taken !== null && taken.length === sizeBytes) return taken;
    if (taken !== null || stream.readableEnded || stream.destroyed)
      throw berthError('bad-request', `the request announces ${sizeBytes} bytes and ends before`);
    await readableOrOver(stream);
  }
}

function readableOrOver(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'close', 'error'] as const;
    const done = () => {
      for (const event of events) stream.removeListener(event, done);
      resolve();
    };
    for (const event of events) stream.once(event, done);
  });
}
