import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstAddressBlock } from '../../../src/daemon/home.ts';
import { berth, berthOk } from './berth.ts';
import { NOTHING, onHost } from './leftovers.ts';
import { output } from './program.ts';

const BUILD_TIMEOUT_MS = 480_000;
const PURGE_TIMEOUT_MS = 180_000;

/** Homes for so many files at a time: the first, and others beside it. Their directories are made. */
export function testHomes(first: string, count: number): string[] {
  const homes = [first];
  for (let suffix = 2; homes.length < count; suffix++) {
    const home = `${first}-${suffix}`;
    // Two that begin to give out addresses at the same place would take each other's.
    if (!homes.some((other) => firstAddressBlock(other) === firstAddressBlock(home))) homes.push(home);
  }
  for (const home of homes) mkdirSync(home, { recursive: true, mode: 0o711 });
  return homes;
}

/** Builds the guest image in the first home, and copies it to those that have none of its kind: an image is the same wherever it lies. */
export async function shareImage([first = '', ...others]: readonly string[]): Promise<void> {
  await berthOk(['image', 'build', 'debian-13', '--quiet'], { home: first, timeoutMs: BUILD_TIMEOUT_MS });
  const built = readdirSync(join(first, 'images')).filter((id) => id.startsWith('img-'));
  for (const home of others) {
    const images = join(home, 'images');
    mkdirSync(images, { recursive: true, mode: 0o755 });
    // Else a daemon takes what lies there for somebody else's.
    writeFileSync(join(home, 'berth-home'), '', { flag: 'a' });
    for (const id of built) {
      if (existsSync(join(images, id))) continue;
      // A copy and no link: tests damage images.
      const copy = join(images, `.copy-${process.pid}`);
      await output(['cp', '--archive', '--reflink=auto', '--sparse=always', join(first, 'images', id), copy]);
      await output(['mv', '--no-target-directory', copy, join(images, id)]);
    }
  }
}

/** Removes homes with all that belongs to them. @throws when something of one is left on the host, once all were tried */
export async function removeTestHomes(homes: readonly string[]): Promise<void> {
  const problems: unknown[] = [];
  for (const home of homes) await removeTestHome(home).catch((error: unknown) => problems.push(error));
  if (problems.length > 0) throw new Error(problems.map(String).join('\n'));
}

async function removeTestHome(home: string): Promise<void> {
  rmSync(`${home}.work`, { recursive: true, force: true });
  rmSync(`${home}.crash-at`, { force: true });
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
