import { join } from 'node:path';
import { chmod, exists, run, temporaryDirectory } from '../../src/host/index.ts';
import type { QuickstartStage } from '../result.ts';

const TIMEOUT_MS = 30 * 60_000;

/** Clones the repository to a new directory and runs `npm run quickstart` there twice, with a BERTH_HOME that is empty at first. */
export async function quickstartStage(o: {
  readonly root: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}): Promise<QuickstartStage> {
  await using directory = await temporaryDirectory();
  // Machines run as users of their own and must reach their files.
  await chmod(directory.path, 0o711);
  const clone = join(directory.path, 'berth');
  const home = join(directory.path, 'home');
  await run(['git', 'clone', '--quiet', '--no-hardlinks', o.root, clone], {
    timeoutMs: TIMEOUT_MS,
    signal: o.signal,
  });
  const quickstart = async (): Promise<number> => {
    const startMs = performance.now();
    await run(['npm', 'run', 'quickstart'], {
      ...{ cwd: clone, env: { BERTH_HOME: home, NO_COLOR: '1' }, timeoutMs: TIMEOUT_MS, signal: o.signal },
      onLine: (line) => o.say(`  ${line}`),
    });
    return performance.now() - startMs;
  };
  try {
    return { firstMs: await quickstart(), repeatedMs: await quickstart() };
  } finally {
    if (await exists(home)) {
      const argv = [join(clone, 'berth'), 'down', '--all', '--purge', '--yes'];
      await run(argv, { cwd: clone, env: { BERTH_HOME: home }, timeoutMs: TIMEOUT_MS });
    }
  }
}
