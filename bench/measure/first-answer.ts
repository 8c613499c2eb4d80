import { connect, type Socket } from 'node:net';
import { TimeoutError } from '../../src/base/index.ts';

export interface AnswerTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface FirstAnswerOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * After how many ms without an answer another connection is tried beside the ones that are open: podman holds a published
   * port open before anything behind it accepts, and such a connection is never answered.
   */
  readonly companionMs: number;
}

/** Pause after a refused connection, and after an answer that was none. */
const RETRY_MS = 2;
const WRONG_ANSWER_RETRY_MS = 50;
/** The oldest is given up when there would be more. */
const MAX_OPEN = 64;
/** From then on companions come ever more rarely: an answer that takes its time must not lose its connection. */
const PATIENT_AFTER_MS = 2_000;
const PATIENCE = 1.25;
const LONGEST_COMPANION_MS = 10_000;
const STATUS_OK = /^HTTP\/1\.[01] 200 /;

/**
 * Moment, by `performance.now()`, at which a whole `200` answer was first read. Each attempt is a connection of its own with one
 * GET; a refused one is repeated after 2 ms.
 * @throws {@link TimeoutError} at the deadline, else the signal's reason
 */
export function firstAnswer(target: AnswerTarget, options: FirstAnswerOptions): Promise<number> {
  return new Promise((resolve, reject) => new Search(target, options, resolve, reject).begin());
}

class Search {
  readonly #target: AnswerTarget;
  readonly #options: FirstAnswerOptions;
  readonly #resolve: (atMs: number) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #open = new Set<Socket>();
  #next: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #ended = false;
  #companionMs: number;
  #lastAnswer = '';
  #patientAtMs = 0;

  constructor(
    target: AnswerTarget,
    options: FirstAnswerOptions,
    resolve: (atMs: number) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#target = target;
    this.#options = options;
    this.#companionMs = options.companionMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const { signal, timeoutMs } = this.#options;
    if (signal.aborted) return this.#fail(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#deadline = setTimeout(() => this.#fail(this.#lateError()), timeoutMs);
    this.#patientAtMs = performance.now() + PATIENT_AFTER_MS;
    this.#attempt();
  }

  #lateError(): Error {
    const { host, port, path } = this.#target;
    const last = this.#lastAnswer === '' ? 'nothing' : JSON.stringify(this.#lastAnswer.slice(0, 300));
    return new TimeoutError(
      `no HTTP 200 from http://${host}:${port}${path} within ${this.#options.timeoutMs} ms; last it answered ${last}`,
    );
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal.reason);

  #attempt(): void {
    if (this.#ended) return;
    const { host, port, path } = this.#target;
    const socket = connect({ host, port, noDelay: true });
    this.#open.add(socket);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    // HTTP/1.0: the answer is whole when the server closes.
    socket.on('end', () => STATUS_OK.test(text) && this.#succeed());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open.delete(socket);
      if (text !== '') this.#lastAnswer = text;
      // While others wait for their answer, the next companion comes in its time.
      if (this.#open.size === 0) this.#schedule(text === '' ? RETRY_MS : WRONG_ANSWER_RETRY_MS);
    });
    this.#schedule(this.#companionMs);
  }

  #schedule(delayMs: number): void {
    if (this.#ended) return;
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      if (performance.now() > this.#patientAtMs) {
        this.#companionMs = Math.min(this.#companionMs * PATIENCE, LONGEST_COMPANION_MS);
      }
      const [oldest] = this.#open;
      if (this.#open.size >= MAX_OPEN) oldest?.destroy();
      this.#attempt();
    }, delayMs);
  }

  #succeed(): void {
    if (this.#ended) return;
    const atMs = performance.now();
    this.#end();
    this.#resolve(atMs);
  }

  #fail(reason: unknown): void {
    if (this.#ended) return;
    this.#end();
    this.#reject(reason);
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#next);
    clearTimeout(this.#deadline);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    for (const socket of this.#open) socket.destroy();
  }
}
