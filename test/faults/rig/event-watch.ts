import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import type { BerthEvent } from '../../../src/model/index.ts';

const HISTORY = 1_000;

/** The events of a daemon as they come, each with when it came. A daemon that ends, ends it. */
export class EventWatch {
  readonly #outgoing: ClientRequest;
  readonly #seen: BerthEvent[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing;
  }

  /** Begins with what happens from now on. */
  static open(home: string): Promise<EventWatch> {
    return new Promise((resolve, reject) => {
      const socketPath = join(home, 'run/api.sock');
      const path = '/v1/events?follow=true';
      const outgoing = request({ socketPath, agent: false, path, headers: { host: 'berth' } });
      const watch = new EventWatch(outgoing);
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (part: string) => {
          const blocks = `${text}${part}`.split('\n\n');
          text = blocks.pop() ?? '';
          for (const block of blocks) watch.#take(block);
        });
        incoming.on('error', () => undefined);
        // What happened before comes first, and at once.
        setTimeout(() => {
          watch.#seen.length = 0;
          resolve(watch);
        }, 200);
      });
      outgoing.end();
    });
  }

  /** The first event of a kind about a subject that was not given out yet. @throws when it does not come in time */
  async next(kind: string, subject: string, withinMs: number): Promise<BerthEvent> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const index = this.#seen.findIndex((event) => event.kind === kind && event.subject === subject);
      const [event] = index < 0 ? [] : this.#seen.splice(index, 1);
      if (event !== undefined) return event;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) {
        const told = this.#seen.map((one) => `${one.kind} ${one.subject}`).join(', ');
        throw new Error(`no ${kind} of ${subject} within ${withinMs} ms; what came: ${told || 'nothing'}`);
      }
      await this.#news(leftMs);
    }
  }

  close(): void {
    this.#outgoing.destroy();
  }

  #take(block: string): void {
    const data = block.split('\n').find((line) => line.startsWith('data: '));
    if (data === undefined) return;
    this.#seen.push(JSON.parse(data.slice('data: '.length)) as BerthEvent);
    this.#seen.splice(0, this.#seen.length - HISTORY);
    for (const wake of this.#waiting) wake();
  }

  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
  }
}
