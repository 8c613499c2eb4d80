import { parseDuration } from '../../base/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { lastScrub, scrub } from './scrub.ts';
import { startScrub } from './scrub-service.ts';

const DEFAULT_EVERY_MS = 24 * 3_600_000;
const LOOK_INTERVAL_MS = 10 * 60_000;

/** `BERTH_SCRUB_EVERY`, such as `12h`; `off` for never. @throws `bad-request` */
export function scrubInterval(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env['BERTH_SCRUB_EVERY'];
  if (text === undefined || text === '') return DEFAULT_EVERY_MS;
  if (text === 'off') return undefined;
  const everyMs = parseDuration(text);
  if (everyMs !== undefined && everyMs > 0) return everyMs;
  throw berthError('bad-request', `BERTH_SCRUB_EVERY is "${text}"; it is a duration such as 12h, or off`);
}

/**
 * Compares everything that is saved with its hashes: at first what the daemon finds there, so that damage is told before somebody needs it and nobody has to
 * wait for it, then all of it again and again. Disposing ends what is under way.
 */
export function keepScrubbing(context: Context): AsyncDisposable {
  const everyMs = scrubInterval(process.env);
  const ending = new AbortController();
  let looking = scrub(context, { signal: ending.signal, anew: false }).then(
    () => undefined,
    (error: unknown) => complain(context, ending.signal, error),
  );
  const timer = setInterval(() => {
    if (everyMs === undefined) return;
    looking = looking
      .then(() => scrubWhenDue(context, everyMs, ending.signal))
      .catch((error: unknown) => complain(context, ending.signal, error));
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      ending.abort(berthError('cancelled', 'the daemon ends'));
      await looking;
    },
  };
}

async function scrubWhenDue(context: Context, everyMs: number, signal: AbortSignal): Promise<void> {
  const last = await lastScrub(context);
  const age = Date.now() - Date.parse(last?.startedAt ?? '1970-01-01T00:00:00Z');
  // A clock that was set back makes it due as well.
  if (signal.aborted || (age >= 0 && age < everyMs)) return;
  const { id } = await startScrub(context);
  await context.operations.wait(id, signal);
}

function complain(context: Context, signal: AbortSignal, error: unknown): void {
  if (signal.aborted) return;
  context.log.warn({ err: error }, `what is saved could not be compared: ${asBerthError(error).message}`);
}
