import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInForeground } from './stage.ts';

/** Runs `./berth host setup --yes` in a home of its own: the user's stays as it is, and no daemon is left. */
export async function prepareHost(root: string, signal: AbortSignal): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'berth-setup-'));
  const berth = (...args: readonly string[]) =>
    runInForeground([join(root, 'berth'), ...args], { BERTH_HOME: home }, signal);
  try {
    const code = await berth('host', 'setup', '--yes');
    if (code !== 0) throw new Error(`./berth host setup ended with exit code ${code}`);
  } finally {
    await berth('down', '--all', '--purge', '--yes');
  }
}
