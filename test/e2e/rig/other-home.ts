import { existsSync, rmSync } from 'node:fs';
import { berth } from './berth.ts';
import { newHome } from './home.ts';
import { NOTHING, onHost } from './leftovers.ts';
import { output } from './program.ts';

const PURGE_TIMEOUT_MS = 120_000;

/** A BERTH_HOME beside that of the run, for what must not happen to it. Disposing of it purges it and looks for leftovers. */
export class OtherHome implements AsyncDisposable {
  readonly path: string;
  readonly #mounted: boolean;

  private constructor(path: string, mounted: boolean) {
    this.path = path;
    this.#mounted = mounted;
  }

  static plain(): OtherHome {
    return new OtherHome(newHome(), false);
  }

  /** On a file system of its own with so much space. */
  static async small(sizeMib: number): Promise<OtherHome> {
    const path = newHome();
    await output(['mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=711`, 'berth-e2e', path]);
    return new OtherHome(path, true);
  }

  /** On a disk of its own with so much space and so many inodes: ext4 in a file, which gives a page of a hole without taking room for it, as tmpfs does not. */
  static async onDisk(sizeMib: number, inodes: number): Promise<OtherHome> {
    const path = newHome();
    const disk = `${path}.disk`;
    await output(['truncate', '--size', `${sizeMib}M`, disk]);
    await output(['mkfs.ext4', '-q', '-m', '0', '-N', String(inodes), disk]);
    await output(['mount', '-o', 'loop', disk, path]);
    rmSync(disk);
    rmSync(`${path}/lost+found`, { recursive: true });
    await output(['chmod', '711', path]);
    return new OtherHome(path, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (existsSync(`${this.path}/berth-home`)) {
        const argv = ['down', '--all', '--purge', '--yes'];
        const { code, stdout, stderr } = await berth(argv, { home: this.path, timeoutMs: PURGE_TIMEOUT_MS });
        if (code !== 0) throw new Error(`${this.path} could not be purged: ${stdout}${stderr}`);
      }
    } finally {
      if (this.#mounted) await output(['umount', this.path]);
      rmSync(this.path, { recursive: true, force: true });
    }
    const left = await onHost(this.path);
    if (JSON.stringify(left) !== JSON.stringify(NOTHING))
      throw new Error(`${this.path} left ${JSON.stringify(left)}`);
  }
}
