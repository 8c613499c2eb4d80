import type { TestProject } from 'vitest/node';
import { newHome } from './rig/home.ts';
import { removeTestHomes, shareImage, testHomes } from './rig/test-homes.ts';

/**
 * One BERTH_HOME for all end-to-end tests; what goes into it is made by the first test that needs it. Where files run at the same time, as those of
 * test/faults may, each has another, and the guest image is there from the beginning. At the end all of it is removed, and nothing of it may be left on
 * the host. With BERTH_TEST_HOME a directory is kept from run to run instead.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.geteuid?.() !== 0) throw new Error('Tests with real machines need root: sudo npm run e2e');
  const kept = process.env['BERTH_TEST_HOME'];
  const homes = testHomes(kept ?? newHome(), project.config.maxWorkers);
  project.provide('berthHomes', homes);
  project.provide('berthHomeIsKept', kept !== undefined);
  const tidy = async () => {
    if (kept === undefined) await removeTestHomes(homes);
  };
  if (homes.length > 1) {
    await shareImage(homes).catch(async (error: unknown) => {
      await tidy();
      throw error;
    });
  }
  return tidy;
}
