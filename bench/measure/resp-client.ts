import { connect, type Socket } from 'node:net';

/** What a store answers: a text, a number, nothing, or a list of such. */
export type RespValue = string | number | undefined | readonly RespValue[];

const CONNECT_TIMEOUT_MS = 2_000;

/** The least of a client of Redis' protocol: commands one after the other on one connection, each with its answer. */
export class RespClient {
  readonly #socket: Socket;
  #waiting: { resolve(value: RespValue): void; reject(error: Error): void }[] = [];
  #unread = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end(new Error('the store closed the connection')));
  }

  static connect(host: string, port: number): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS, noDelay: true });
      socket.once('error', reject);
      socket.once('timeout', () => socket.destroy(new Error('no connection in time')));
      socket.once('connect', () => {
        socket.setTimeout(0);
        resolve(new RespClient(socket));
      });
    });
  }

  /** Rejects when the store refuses, or the connection ends first. */
  send(words: readonly string[]): Promise<RespValue> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection is closed'));
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
    this.#end(new Error('the connection was closed'));
  }

  #end(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.reject(error);
  }

  #read(text: string): void {
    this.#unread += text;
    for (;;) {
      const answer = parse(this.#unread, 0);
      if (answer === undefined) return;
      this.#unread = this.#unread.slice(answer.end);
      const next = this.#waiting.shift();
      if (answer.value instanceof Error) next?.reject(answer.value);
      else next?.resolve(answer.value);
    }
  }
}

interface Parsed {
  readonly value: RespValue | Error;
  /** Where the next one begins. */
  readonly end: number;
}

/** The answer that begins at `start`; undefined as long as it is not all there. */
function parse(text: string, start: number): Parsed | undefined {
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd === -1) return undefined;
  const line = text.slice(start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[start]) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$':
      return parseText(text, Number(line), end);
    default:
      return parseList(text, Number(line), end);
  }
}

function parseText(text: string, length: number, start: number): Parsed | undefined {
  if (length < 0) return { value: undefined, end: start };
  const end = start + length + 2;
  return text.length < end ? undefined : { value: text.slice(start, start + length), end };
}

function parseList(text: string, count: number, start: number): Parsed | undefined {
  const values: RespValue[] = [];
  let end = start;
  for (let index = 0; index < count; index += 1) {
    const item = parse(text, end);
    if (item === undefined) return undefined;
    if (item.value instanceof Error) return { value: item.value, end: item.end };
    values.push(item.value);
    end = item.end;
  }
  return { value: values, end };
}
