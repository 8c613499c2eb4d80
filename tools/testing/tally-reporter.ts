import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { TallyLine } from './tally.ts';

/**
 * A Vitest reporter that appends one JSON line for each test as it ends to the file named by BERTH_TEST_TALLY.
 * Vitest's own JSON report is written at the end only, so that a run which is ended by its deadline would leave nothing.
 */
export default class TallyReporter implements Reporter {
  readonly #file = process.env['BERTH_TEST_TALLY'];

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    const why = errors?.map(({ message }) => message).join('\n');
    const ms = Math.round(test.diagnostic()?.duration ?? 0);
    this.#add({
      ...{ state: state === 'pending' ? 'failed' : state, name: test.fullName },
      ...{ file: test.module.relativeModuleId, ms },
      ...(why === undefined ? {} : { why }),
    });
  }

  /** A file that cannot be loaded has no tests; it counts as one that failed. */
  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors())
      this.#add({ state: 'failed', name: `${module.relativeModuleId}: ${error.message}`, file: '' });
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): void {
    for (const error of unhandled)
      this.#add({ state: 'failed', name: `outside of a test: ${error.message}`, file: '' });
  }

  #add(line: TallyLine): void {
    if (this.#file !== undefined)
      appendFileSync(
        this.#file,
        `${JSON.stringify(line)}
`,
      );
  }
}
