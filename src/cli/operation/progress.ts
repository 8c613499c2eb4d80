import type { Operation, OperationStep } from '../../model/index.ts';
import { createLiveLines, type LiveLine } from '../terminal/live-lines.ts';
import type { Output } from '../terminal/output.ts';
import { type StepOutcome, stepOutcome, stepText } from './progress-lines.ts';

/** Shows how operations go on: live on a terminal, one line per finished step otherwise. */
export interface Progress {
  /** Takes in the newest state of an operation; may be called with the same state again. */
  update(operation: Operation): void;
  /** Writes one line that stays. */
  note(text: string): void;
  /** Takes away what is live; nothing may be called after it. */
  end(): void;
}

const MARKS: Readonly<Record<StepOutcome, string>> = { done: '✔', running: '…', failed: '✖', cancelled: '■' };
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** Progress that shows nothing, for `--quiet` and `--json`. */
export const SILENT_PROGRESS: Progress = { update() {}, note() {}, end() {} };

/** Progress written to `output`; `now` is the clock, in ms. */
export function createProgress(output: Output, now: () => number = Date.now): Progress {
  return output.isTerminal ? new LiveProgress(output, now) : new PlainProgress(output, now);
}

/** Remembers which steps were already written for good. */
class FinishedSteps {
  readonly #written = new Set<string>();

  /** Steps that ended since the last call, oldest first. */
  take(operation: Operation): OperationStep[] {
    return operation.steps.filter((step, index) => {
      const key = `${operation.id}/${index}`;
      if (stepOutcome(operation, step) === 'running' || this.#written.has(key)) return false;
      this.#written.add(key);
      return true;
    });
  }
}

class PlainProgress implements Progress {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #finished = new FinishedSteps();

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  update(operation: Operation): void {
    for (const step of this.#finished.take(operation)) {
      const mark = MARKS[stepOutcome(operation, step)];
      this.#output.line(`${mark} ${stepText(operation, step, this.#now())}`);
    }
  }

  note(text: string): void {
    this.#output.line(text);
  }

  end(): void {}
}

class LiveProgress implements Progress {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #finished = new FinishedSteps();
  readonly #operations = new Map<string, Operation>();
  readonly #lines;
  readonly #timer: NodeJS.Timeout;
  #frame = 0;

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#lines = createLiveLines(output);
    this.#timer = setInterval(() => this.#draw([]), FRAME_MS);
    this.#timer.unref();
  }

  update(operation: Operation): void {
    this.#operations.set(operation.id, operation);
    this.#draw(this.#finished.take(operation).map((step) => this.#lasting(operation, step)));
  }

  note(text: string): void {
    this.#draw([text]);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#lines.clear();
  }

  #draw(lasting: readonly string[]): void {
    this.#frame = (this.#frame + 1) % SPINNER.length;
    const live = [...this.#operations.values()].flatMap((operation) => this.#live(operation));
    this.#lines.show(lasting, live);
  }

  #live(operation: Operation): LiveLine[] {
    const running = operation.steps.filter((step) => stepOutcome(operation, step) === 'running');
    return running.map((step) => ({
      text: `${SPINNER[this.#frame] ?? '…'} ${stepText(operation, step, this.#now())}`,
      paint: this.#output.style.cyan,
    }));
  }

  #lasting(operation: Operation, step: OperationStep): string {
    const outcome = stepOutcome(operation, step);
    const paint = outcome === 'done' ? this.#output.style.green : this.#output.style.red;
    return `${paint(MARKS[outcome])} ${stepText(operation, step, this.#now())}`;
  }
}
