import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output, runProgram } from '../../../e2e/rig/program.ts';

/** A clock that can be stepped for the daemon alone, and what it takes to start a daemon with it. */
export interface Clock {
  readonly env: NodeJS.ProcessEnv;
  step(seconds: number): Promise<void>;
}

/** Debian's libfaketime, unpacked beside the home and not installed; undefined where it cannot be had. */
export async function findClock(home: string): Promise<Clock | undefined> {
  const directory = `${home}.work/clock`;
  mkdirSync(directory, { recursive: true });
  const library = (await isDownloaded(directory)) ? await unpack(directory) : undefined;
  if (library === undefined) return undefined;
  const file = join(directory, 'offset');
  writeFileSync(file, '+0\n');
  const env = {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1' },
    // Machines and tools have the host's clock, and timers the monotonic one.
    ...{ FAKETIME_ONLY_CMDS: 'node', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' },
  };
  return {
    env,
    step: async (seconds) => {
      writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
      // It looks into the file when the second has changed twice.
      await new Promise((resolve) => setTimeout(resolve, 2_200));
    },
  };
}

async function isDownloaded(directory: string): Promise<boolean> {
  if (readdirSync(directory).some((name) => name.endsWith('.deb'))) return true;
  const download = () => runProgram(['apt-get', 'download', '-q', 'libfaketime'], { cwd: directory });
  if ((await download()).code === 0) return true;
  await runProgram(['apt-get', 'update', '-q']);
  return (await download()).code === 0;
}

async function unpack(directory: string): Promise<string | undefined> {
  const archive = readdirSync(directory).find((name) => name.endsWith('.deb')) ?? '';
  const root = join(directory, 'root');
  await output(['dpkg-deb', '--extract', join(directory, archive), root]);
  const libraries = join(root, 'usr/lib');
  const found = readdirSync(libraries)
    .map((name) => join(libraries, name, 'faketime/libfaketime.so.1'))
    .find(existsSync);
  return found;
}
