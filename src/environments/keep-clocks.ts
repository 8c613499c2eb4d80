import { formatDuration } from '../base/index.ts';
import type { Context } from './context.ts';
import { lookEach } from './look-each.ts';
import { clockStep } from './plan/judge-clock.ts';
import { setTime } from './sleep/set-time.ts';

/** Half of the second within which guests' clocks are right again. */
const INTERVAL_MS = 500;

/** Sets the clocks of all guests that run when the host's was set, or the host was suspended. One that rests gets the time with its wake. */
export function keepClocks(context: Context): AsyncDisposable {
  const read = () => ({ wallMs: Date.now(), monotonicMs: performance.now() });
  let before = read();
  return lookEach(INTERVAL_MS, context.log, 'the clocks of the guests could not be set', async () => {
    const now = read();
    const stepMs = clockStep(before, now);
    before = now;
    if (stepMs === undefined) return;
    const direction = stepMs > 0 ? 'forwards' : 'backwards';
    const message = `the host's clock went ${formatDuration(Math.abs(stepMs))} ${direction}; its guests follow`;
    context.events.append('host.clock-stepped', 'host', message);
    await setAllClocks(context);
  });
}

async function setAllClocks(context: Context): Promise<void> {
  const running = context.registry.list().filter(({ id }) => context.sessions.isReachable(id));
  await Promise.all(running.map((record) => setTime(context, record, context.sessions.get(record).machine)));
}
