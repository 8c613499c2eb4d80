import {
  type ClientControl,
  createValidator,
  decodeFrame,
  encodeControl,
  encodeFrame,
  type Frame,
  readControl,
  type ServerControl,
  ServerControlSchema,
} from '../contract/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import type { RemoteProcess } from './api.ts';
import { errorOf } from './failure.ts';
import type { MessageSocket } from './transport.ts';

/** Input is cut into messages of this size. */
const INPUT_BYTES = 64 * 1024;

const validateControl = createValidator(ServerControlSchema);

/** Speaks the frames of an interactive process over a socket that is open. */
export function remoteProcess(socket: MessageSocket): RemoteProcess {
  const { promise: exit, resolve, reject } = Promise.withResolvers<number>();
  // Whoever reads the output only, and leaves, need not look at it.
  exit.catch(() => undefined);
  const send = (control: ClientControl) => socket.send(encodeControl(control));
  return {
    output: readOutput(socket, resolve, reject),
    exit,
    async write(data) {
      for (let at = 0; at < data.length; at += INPUT_BYTES) {
        await socket.send(encodeFrame('stdin', data.subarray(at, at + INPUT_BYTES)));
      }
    },
    end: () => send({ type: 'eof' }),
    resize: (rows, columns) => send({ type: 'resize', rows, columns }),
    close() {
      reject(berthError('cancelled', 'The process was left'));
      socket.close();
    },
  };
}

type Output = RemoteProcess['output'] extends AsyncIterable<infer Item> ? Item : never;

async function* readOutput(
  socket: MessageSocket,
  exited: (code: number) => void,
  failed: (error: unknown) => void,
): AsyncGenerator<Output> {
  try {
    for await (const message of socket.messages) {
      const frame = decodeFrame(message);
      if (frame === undefined) continue;
      const { channel, data } = frame;
      if (channel === 'stdout' || channel === 'stderr') yield { stream: channel, data };
      else if (channel === 'control') settle(frame, exited, failed);
    }
    // Heard only when nothing settled it before.
    failed(berthError('daemon-not-running', 'The connection to the process was lost'));
  } catch (error) {
    failed(asBerthError(error));
  } finally {
    socket.close();
  }
}

function settle(frame: Frame, exited: (code: number) => void, failed: (error: unknown) => void): void {
  const value = readControl(frame);
  if (validateControl(value).length > 0) return;
  const control = value as ServerControl;
  if (control.type === 'exit') exited(control.code);
  else failed(errorOf(control.failure));
}
