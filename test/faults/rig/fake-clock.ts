import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../../e2e/rig/program.ts';
import { workDirectory } from '../../e2e/rig/tiny.ts';

/** A clock of a process's own, by Debian's libfaketime, unpacked beside the tests: the host's clock is never touched. */
export class FakeClock {
  /** What a program needs in its environment to have this clock. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;
  #offsetSeconds = 0;

  private constructor(library: string, file: string) {
    this.#file = file;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Only what tells the time of day is another: what measures time is the kernel's, as it is when a clock is set.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  static async make(): Promise<FakeClock> {
    const directory = workDirectory('fake-clock');
    const root = join(directory, 'root');
    if (findLibrary(root) === undefined) {
      mkdirSync(root, { recursive: true });
      await output(['apt-get', 'download', 'libfaketime'], { cwd: directory });
      const archive = readdirSync(directory).find((name) => name.endsWith('.deb')) ?? '';
      await output(['dpkg-deb', '-x', join(directory, archive), root]);
    }
    const library = findLibrary(root);
    if (library === undefined) throw new Error('the package libfaketime has no library');
    const clock = new FakeClock(library, join(directory, 'offset'));
    clock.set(0);
    return clock;
  }

  /** Sets it to so many seconds ahead of the host's clock, at once. */
  set(offsetSeconds: number): void {
    this.#offsetSeconds = offsetSeconds;
    writeFileSync(this.#file, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}s\n`);
  }

  /** What it shows now, in ms since 1970. */
  now(): number {
    return Date.now() + this.#offsetSeconds * 1_000;
  }
}

function findLibrary(root: string): string | undefined {
  if (!existsSync(root)) return undefined;
  const found = readdirSync(root, { recursive: true }).map(String);
  const name = found.find((path) => path.endsWith('/libfaketime.so.1'));
  return name === undefined ? undefined : join(root, name);
}
