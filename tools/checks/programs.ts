import { runTool } from './command.ts';
import type { Check, Outcome } from './outcome.ts';

/** The compiler; the files are counted from its own list of them. */
export const types: Check = {
  name: 'types',
  async run(root, signal) {
    const { code, output } = await runTool(
      root,
      ['tsc', '--noEmit', '--listFiles', '--pretty', 'false'],
      signal,
    );
    const lines = output.trimEnd().split('\n');
    const isListed = (line: string) => line.startsWith('/');
    const own = lines.filter((line) => isListed(line) && !line.includes('/node_modules/'));
    return outcome(code, own.length, lines.filter((line) => !isListed(line)).join('\n'));
  },
};

/** oxlint with the rules of .oxlintrc.json; warnings fail too. */
export const lint: Check = {
  name: 'lint',
  async run(root, signal) {
    const { code, output } = await runTool(root, ['oxlint', '--deny-warnings'], signal);
    const seen = /Finished in \S+ on (\d+) files/.exec(output)?.[1];
    return outcome(code, Number(seen ?? 0), output);
  },
};

/** Biome as formatter. */
export const format: Check = {
  name: 'format',
  async run(root, signal) {
    const { code, output } = await runTool(root, ['biome', 'format', '--max-diagnostics=50', '.'], signal);
    const seen = /Checked (\d+) files?/.exec(output)?.[1];
    return outcome(code, Number(seen ?? 0), output);
  },
};

/** knip: files, exports and dependencies that nobody uses. */
export const unused: Check = {
  name: 'unused',
  async run(root, signal) {
    const reporters = ['--reporter', 'compact', '--reporter', './tools/checks/knip-count.ts'];
    const { code, output } = await runTool(
      root,
      ['knip', '--no-progress', '--no-config-hints', ...reporters],
      signal,
    );
    const seen = /^knip read (\d+) files$/m.exec(output)?.[1];
    return outcome(code, Number(seen ?? 0), output);
  },
};

function outcome(code: number, seen: number, output: string): Outcome {
  if (code === 0) return { seen, unit: 'files', problems: [] };
  return {
    seen,
    unit: 'files',
    problems: [output.trim() === '' ? `ended with exit code ${code}` : output.trim()],
  };
}
