import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInForeground, type Stage } from './stage.ts';
import { countTally, failureLines, readTally, type TallyLine } from './tally.ts';

/** Which tests of a project run, and what they are told. */
interface VitestOptions {
  /** A regular expression on the titles of the tests; default all. */
  readonly pattern?: string;
  /** Files, from the root of the repository; default all of the project. */
  readonly files?: readonly string[];
  /** Variables for the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One project of vitest.config.ts as a stage; each test that ended is noted in `results`. */
export function vitestStage(
  root: string,
  project: string,
  title: string,
  deadlineMs: number,
  results: TallyLine[],
  { pattern, files = [], env = {} }: VitestOptions = {},
): Stage {
  return {
    key: project,
    title,
    deadlineMs,
    // A pattern need not be found in each part of a run.
    hasTests: pattern === undefined,
    async run(signal) {
      const directory = mkdtempSync(join(tmpdir(), 'berth-tally-'));
      const file = join(directory, 'tally.jsonl');
      try {
        const argv = [
          join(root, 'node_modules/.bin/vitest'),
          'run',
          '--root',
          root,
          '--project',
          project,
          ...files,
        ];
        const reporters = [
          '--reporter',
          'default',
          '--reporter',
          join(root, 'tools/testing/tally-reporter.ts'),
        ];
        const selection = pattern === undefined ? [] : ['--testNamePattern', pattern];
        const variables = { ...env, BERTH_TEST_TALLY: file };
        const code = await runInForeground([...argv, ...selection, ...reporters], variables, signal);
        const lines = existsSync(file) ? readTally(readFileSync(file, 'utf8')) : [];
        results.push(...lines);
        const tally = countTally(lines);
        for (const line of failureLines(lines)) console.log(line);
        // Vitest also fails for what is no test: its configuration, a global set-up, a leftover handle.
        return code === 0 ? tally : { ...tally, failed: Math.max(tally.failed, 1) };
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}
