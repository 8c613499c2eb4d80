import { Mutex } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Operation, ScrubReport } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { lastScrub, scrub } from './scrub.ts';

/** One reads everything; two at once would read it twice. */
const scrubbing = new WeakMap<Context, Mutex>();

/** Looks whether what is saved on disk is still what was saved. */
export class ScrubOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** The outcome of the last one. @throws `not-found` when there was none yet */
  async report(): Promise<ScrubReport> {
    const report = await lastScrub(this.#context);
    if (report !== undefined) return report;
    throw berthError('not-found', 'nothing was read and compared yet', {
      remedy: 'Begin with `./berth scrub --now`; the daemon does it by itself each day.',
    });
  }

  start(options: { readonly idempotencyKey?: string }): Promise<Operation> {
    return startScrub(this.#context, options);
  }
}

/** Reads everything that is saved, and compares it with its hashes. */
export function startScrub(
  context: Context,
  o: { readonly idempotencyKey?: string } = {},
): Promise<Operation> {
  const turn = scrubbing.get(context) ?? new Mutex();
  scrubbing.set(context, turn);
  return context.operations.start(
    'scrub',
    ['host'],
    {},
    (operation) =>
      operation.step('scrub', 'compare what is saved with its hashes', async (step) => {
        const onThing = (what: string) => step.detail(what);
        const report = await turn.run(() =>
          scrub(context, { signal: operation.signal, anew: true, onThing }),
        );
        return { names: report.damaged.map(({ kind, name }) => `${kind} ${name}`) };
      }),
    o,
  );
}
