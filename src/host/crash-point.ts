import { writeSync } from 'node:fs';
import type { CrashPoint } from '../base/index.ts';

const [armed, passage = '1'] = (process.env['BERTH_CRASH_AT'] ?? '').split('@');
let passagesLeft = Number.parseInt(passage, 10);

/**
 * Ends this process as a power cut would, with `SIGKILL`, if it was started with `BERTH_CRASH_AT=POINT`, or with `POINT@3` when it passes
 * there for the third time. Else it does nothing. It is how tests show that a daemon may die anywhere.
 */
export function crashPoint(point: CrashPoint): void {
  if (point !== armed) return;
  passagesLeft -= 1;
  if (passagesLeft > 0) return;
  writeSync(2, `crash point ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}
