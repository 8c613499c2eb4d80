import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { FileOrder } from './tools/testing/file-order.ts';

const e2eSetup = join(import.meta.dirname, 'test/e2e/setup.ts');
/** How many files of test/faults run at once, each in a home of its own. */
const faultLanes = Number(process.env['BERTH_TEST_LANES'] ?? 1);

export default defineConfig({
  test: {
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: 1,
          // The tests share one host and its memory: one file at a time, in one process.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 600_000,
          // A poll waits for what a machine does, which on a busy host may take far longer than the second that is the default.
          expect: { poll: { timeout: 20_000 } },
          globalSetup: existsSync(e2eSetup) ? [e2eSetup] : [],
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: faultLanes,
          fileParallelism: faultLanes > 1,
          // A test that has an emulated guest boot twice, beside another lane, takes minutes.
          testTimeout: 300_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 20_000 } },
          globalSetup: existsSync(e2eSetup) ? [e2eSetup] : [],
        },
      },
    ],
  },
});
