import type { Context } from '../context.ts';
import { lookEach } from '../look-each.ts';

const LOOK_INTERVAL_MS = 5_000;

/** Merges the layers of disks that have become deep, while nothing else is done with them. */
export function keepShallow(context: Context): AsyncDisposable {
  const looking = lookEach(LOOK_INTERVAL_MS, context.log, 'looking after the disks failed', () =>
    context.merges.look(),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      await context.merges.close();
      await looking[Symbol.asyncDispose]();
    },
  };
}
