import { readFileSync, writeSync } from 'node:fs';
import type { CrashPoint } from '../base/index.ts';

const first = process.env['BERTH_CRASH_AT'] ?? '';
/** Goes before it as long as there is such a file, which may come and go while the daemon runs. */
const file = process.env['BERTH_CRASH_FILE'] ?? '';
let heard = '';
let [armed, passagesLeft] = parse(first);

/**
 * Ends this process as a power cut would, with `SIGKILL`, if it was started with `BERTH_CRASH_AT=POINT`, or with `POINT@3` when it passes
 * there for the third time; or if a file says so, which `BERTH_CRASH_FILE` names. Else it does nothing. It is how tests show that a daemon may die
 * anywhere.
 */
export function crashPoint(point: CrashPoint): void {
  if (file !== '') listen();
  if (point !== armed) return;
  passagesLeft -= 1;
  if (passagesLeft > 0) return;
  writeSync(2, `crash point ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function listen(): void {
  const text = readFile();
  if (text === heard) return;
  heard = text;
  [armed, passagesLeft] = parse(text === '' ? first : text);
}

function readFile(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function parse(text: string): [name: string, passages: number] {
  const [name = '', passage = '1'] = text.split('@');
  return [name, Number.parseInt(passage, 10)];
}
