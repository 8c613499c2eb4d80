import { berthOk, environments, removeEnvironments, templates } from './berth.ts';
import { tinyProject } from './tiny.ts';

/** Frozen before the first test that needs machines, so that it is old when the tests of identity come to it. */
export const ELDER = 'elder';
const BUILD_TIMEOUT_MS = 480_000;

/**
 * Makes what every test with machines needs: the guest image and, as early as can be, a template to grow old.
 * Done already: takes a second.
 */
export async function prepare(): Promise<void> {
  await berthOk(['image', 'build', 'debian-13', '--quiet'], { timeoutMs: BUILD_TIMEOUT_MS });
  if ((await templates()).some(({ name }) => name === ELDER)) return;
  await berthOk(['up', '-f', await tinyProject('elder-parent'), '--quiet']);
  await berthOk(['template', 'create', 'elder-parent', ELDER]);
  await removeEnvironments(['elder-parent']);
}

/** Prepares, and begins without environments: those that a broken run left in a home that is kept go. */
export async function prepareAlone(): Promise<void> {
  await prepare();
  await removeEnvironments((await environments()).map(({ name }) => name));
}
