import type { ClientControl } from '../contract/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import type { RemoteProcess } from './api.ts';
import { errorOf } from './failure.ts';
import { decode, encode, encodeControl } from './frames.ts';
import type { MessageSocket } from './transport.ts';

/** Input is cut into messages of this size. */
const INPUT_BYTES = 64 * 1024;

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
        await socket.send(encode('stdin', data.subarray(at, at + INPUT_BYTES)));
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
      const received = decode(message);
      if (received === undefined) continue;
      if (received.channel !== 'control') yield { stream: received.channel, data: received.data };
      else if (received.control.type === 'exit') exited(received.control.code);
      else failed(errorOf(received.control.failure));
    }
    // Heard only when nothing settled it before.
    failed(berthError('daemon-not-running', 'The connection to the process was lost'));
  } catch (error) {
    failed(asBerthError(error));
  } finally {
    socket.close();
  }
}
