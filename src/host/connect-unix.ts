import { connect, type Socket } from 'node:net';
import { formatDuration } from '../base/index.ts';
import { berthError } from '../errors/index.ts';

/**
 * Connects to a unix socket; the caller owns what it gets and must destroy it.
 * Rejects with the system's error (`code` is `ENOENT`, `ECONNREFUSED`, …), with `timeout`, or with the reason of `signal`.
 */
export function connectUnix(path: string, o: { timeoutMs: number; signal?: AbortSignal }): Promise<Socket> {
  o.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', onAbort);
      socket.removeAllListeners('connect');
      socket.removeListener('error', fail);
      act();
    };
    const fail = (error: unknown): void => {
      settle(() => {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(error);
      });
    };
    const onAbort = (): void => fail(o.signal?.reason);
    const timer = setTimeout(() => {
      fail(
        berthError('timeout', `${path} did not accept a connection within ${formatDuration(o.timeoutMs)}`),
      );
    }, o.timeoutMs);
    o.signal?.addEventListener('abort', onAbort);
    socket.once('error', fail);
    socket.once('connect', () => settle(() => resolve(socket)));
  });
}
