import { connect } from 'node:net';
import { TimeoutError } from '../../src/base/index.ts';
import { berthError } from '../../src/errors/index.ts';
import type { AnswerTarget } from './first-answer.ts';

const STATUS_OK = /^HTTP\/1\.[01] 200 /;

/**
 * Ms from the connect to the first byte of a `200` answer, over one connection that is never tried again: whoever wakes on a
 * connection must answer on that one. Throws when it is refused, closed, or answered by anything else.
 */
export function firstByte(
  { host, port, path }: AnswerTarget,
  o: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const where = `http://${host}:${port}${path}`;
    let firstMs: number | undefined;
    let text = '';
    const startMs = performance.now();
    const socket = connect({ host, port, noDelay: true });
    const settle = (settled: () => void): void => {
      clearTimeout(deadline);
      o.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settled();
    };
    const onAbort = () => settle(() => reject(o.signal.reason as Error));
    const deadline = setTimeout(
      () => settle(() => reject(new TimeoutError(`no answer from ${where} within ${o.timeoutMs} ms`))),
      o.timeoutMs,
    );
    o.signal.addEventListener('abort', onAbort, { once: true });
    if (o.signal.aborted) return onAbort();
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
    socket.on('data', (chunk: string) => {
      firstMs ??= performance.now() - startMs;
      text += chunk;
    });
    socket.on('error', (error) => settle(() => reject(error)));
    // HTTP/1.0: the answer is whole when the server closes.
    socket.on('end', () => {
      const tookMs = firstMs;
      if (tookMs !== undefined && STATUS_OK.test(text)) return settle(() => resolve(tookMs));
      const got = text === '' ? 'nothing' : JSON.stringify(text.slice(0, 100));
      settle(() => reject(berthError('internal', `${where} answered ${got}`)));
    });
  });
}
