import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Channel,
  ClientControlSchema,
  channels,
  createValidator,
  decodeFrame,
  encodeControl,
  encodeFrame,
  readControl,
  ServerControlSchema,
} from '../../../src/contract/index.ts';

test('a frame is the byte of its channel and the data', () => {
  expect([...encodeFrame('stdin', new Uint8Array([7, 8]))]).toEqual([0, 7, 8]);
  expect([...encodeFrame('stderr', new Uint8Array())]).toEqual([2]);
});

test('what is encoded is decoded', () => {
  const names = Object.keys(channels) as Channel[];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.uint8Array(), (channel, data) => {
      const frame = decodeFrame(encodeFrame(channel, data));
      expect(frame?.channel).toBe(channel);
      expect([...(frame?.data ?? [])]).toEqual([...data]);
    }),
  );
});

test('what is no frame is told apart', () => {
  expect(decodeFrame(new Uint8Array())).toBeUndefined();
  expect(decodeFrame(new Uint8Array([4, 1]))).toBeUndefined();
  expect(decodeFrame(new Uint8Array([255]))).toBeUndefined();
});

test('control frames carry checked JSON', () => {
  const read = (control: Parameters<typeof encodeControl>[0]) => {
    const frame = decodeFrame(encodeControl(control));
    return frame === undefined ? undefined : readControl(frame);
  };
  const failure = { code: 'engine-failed', message: 'no — ü', remedy: 'r' };
  expect(read({ type: 'error', failure })).toEqual({ type: 'error', failure });
  const client = createValidator(ClientControlSchema);
  expect(client(read({ type: 'resize', rows: 24, columns: 80 }))).toEqual([]);
  expect(client(read({ type: 'eof' }))).toEqual([]);
  expect(client({ type: 'resize', rows: 0, columns: 80 })).not.toEqual([]);
  expect(client({ type: 'exit', code: 0 })).not.toEqual([]);
  expect(createValidator(ServerControlSchema)(read({ type: 'exit', code: 137 }))).toEqual([]);
  expect(readControl({ channel: 'control', data: new Uint8Array([123]) })).toBeUndefined();
});
