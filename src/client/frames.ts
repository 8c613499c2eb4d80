import type { Channel, ClientControl, channels, ServerControl } from '../contract/index.ts';
import { isFailure } from './failure.ts';

/** Bytes of the channels; see `route-heads.ts` for why they are written out. */
const bytes: typeof channels = { stdin: 0, stdout: 1, stderr: 2, control: 3 };

/** A message to the server. */
export function encode(channel: Channel, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(data.length + 1);
  message[0] = bytes[channel];
  message.set(data, 1);
  return message;
}

export function encodeControl(control: ClientControl): Uint8Array {
  return encode('control', new TextEncoder().encode(JSON.stringify(control)));
}

/** What the server sent. */
export type Received =
  | { readonly channel: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | { readonly channel: 'control'; readonly control: ServerControl };

/** `undefined` for what is no frame of this contract. */
export function decode(message: Uint8Array): Received | undefined {
  const data = message.subarray(1);
  switch (message[0]) {
    case bytes.stdout:
      return { channel: 'stdout', data };
    case bytes.stderr:
      return { channel: 'stderr', data };
    case bytes.control: {
      const control = readControl(data);
      return control === undefined ? undefined : { channel: 'control', control };
    }
    default:
      return undefined;
  }
}

function readControl(data: Uint8Array): ServerControl | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(data)) as Partial<Record<string, unknown>> | null;
    const { type, code, failure } = value ?? {};
    if (type === 'exit' && Number.isInteger(code)) return { type, code: Number(code) };
    return type === 'error' && isFailure(failure) ? { type, failure } : undefined;
  } catch {
    return undefined;
  }
}
