import { type Static, Type } from 'typebox';
import { record } from './schemas/building-blocks.ts';
import { FailureSchema } from './schemas/index.ts';

/**
 * Frames of interactive processes: every WebSocket message is binary, one byte of channel and then its data. A client
 * sends `stdin` and `control`, the server sends `stdout`, `stderr` and `control`.
 */
export const channels = { stdin: 0, stdout: 1, stderr: 2, control: 3 } as const;
export type Channel = keyof typeof channels;

/** Largest message that the server takes, in bytes; clients cut their input. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** What a client may send on the control channel. */
export const ClientControlSchema = Type.Union([
  record({
    type: Type.Literal('resize'),
    rows: Type.Integer({ minimum: 1, maximum: 1000 }),
    columns: Type.Integer({ minimum: 1, maximum: 1000 }),
  }),
  record({ type: Type.Literal('eof') }),
]);
export type ClientControl = Static<typeof ClientControlSchema>;

/** What the server sends on the control channel: its last message is always one of these. */
export const ServerControlSchema = Type.Union([
  record({ type: Type.Literal('exit'), code: Type.Integer() }),
  record({ type: Type.Literal('error'), failure: FailureSchema }),
]);
export type ServerControl = Static<typeof ServerControlSchema>;

export interface Frame {
  readonly channel: Channel;
  readonly data: Uint8Array;
}

export function encodeFrame(channel: Channel, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(data.length + 1);
  message[0] = channels[channel];
  message.set(data, 1);
  return message;
}

export function encodeControl(control: ClientControl | ServerControl): Uint8Array {
  return encodeFrame('control', new TextEncoder().encode(JSON.stringify(control)));
}

/** `undefined` when the message is empty or its channel unknown. The data is a view of the message. */
export function decodeFrame(message: Uint8Array): Frame | undefined {
  const channel = channelNames[message[0] ?? -1];
  return channel === undefined ? undefined : { channel, data: message.subarray(1) };
}

const channelNames: readonly (Channel | undefined)[] = ['stdin', 'stdout', 'stderr', 'control'];

/** The JSON of a control frame, `undefined` when it is none. */
export function readControl(frame: Frame): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(frame.data));
  } catch {
    return undefined;
  }
}
