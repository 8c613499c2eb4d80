import { formatDuration } from '../../src/base/index.ts';
import type { Output } from '../../src/cli/index.ts';

/** Steps with a number, a title and the time they took. */
export interface Steps {
  /** Runs one step; what it throws goes through, after the step was marked as failed. */
  run<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** Time since the first step began, in ms. */
  totalMs(): number;
}

/** Steps told on `out`, `count` of them in all. */
export function createSteps(out: Output, count: number): Steps {
  const begin = performance.now();
  let number = 0;
  return {
    async run(title, work) {
      number += 1;
      const start = performance.now();
      const elapsed = (): string => formatDuration(performance.now() - start);
      out.line(out.style.bold(`[${number}/${count}] ${title}`));
      try {
        const result = await work();
        out.line(`${out.style.green('✔')} ${title}  ${elapsed()}`);
        return result;
      } catch (error) {
        out.line(`${out.style.red('✖')} ${title}  ${elapsed()}`);
        throw error;
      }
    },
    totalMs: () => performance.now() - begin,
  };
}
