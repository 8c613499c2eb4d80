import { existsSync, mkdirSync, rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { berth } from './rig/berth.ts';
import { newHome } from './rig/home.ts';
import { NOTHING, onHost } from './rig/leftovers.ts';

const PURGE_TIMEOUT_MS = 180_000;

/**
 * One BERTH_HOME for all end-to-end tests; what goes into it is made by the first test that needs it. At the end all of it is
 * removed, and nothing of it may be left on the host. With BERTH_TEST_HOME a directory is kept from run to run instead.
 */
export default function setup(project: TestProject): () => Promise<void> {
  if (process.geteuid?.() !== 0) throw new Error('Tests with real machines need root: sudo npm run e2e');
  const kept = process.env['BERTH_TEST_HOME'];
  const home = kept ?? newHome();
  if (kept !== undefined) mkdirSync(kept, { recursive: true });
  project.provide('berthHome', home);
  project.provide('berthHomeIsKept', kept !== undefined);
  return async () => {
    if (kept === undefined) await removeAll(home);
  };
}

async function removeAll(home: string): Promise<void> {
  rmSync(`${home}.work`, { recursive: true, force: true });
  if (existsSync(`${home}/berth-home`)) {
    const { code, stdout, stderr } = await berth(['down', '--all', '--purge', '--yes'], {
      home,
      timeoutMs: PURGE_TIMEOUT_MS,
    });
    if (code !== 0) throw new Error(`the home of the tests could not be purged: ${stdout}${stderr}`);
    if (existsSync(home)) throw new Error(`${home} is still there after it was purged`);
  }
  const left = await onHost(home);
  if (JSON.stringify(left) !== JSON.stringify(NOTHING))
    throw new Error(`left on the host: ${JSON.stringify(left, undefined, 2)}`);
  rmSync(home, { recursive: true, force: true });
}
