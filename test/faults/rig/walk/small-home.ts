import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { berth } from '../../../e2e/rig/berth.ts';
import { NOTHING, onHost } from '../../../e2e/rig/leftovers.ts';
import { output } from '../../../e2e/rig/program.ts';

const SIZE_GIB = 12;
const PURGE_TIMEOUT_MS = 180_000;
/** What is left free of a full disk, in bytes. */
const LEFT_BYTES = 256 * 1024;

/** A home on a file system of its own, which can be filled up. Disposing of it purges it, and looks for what it left. */
export class SmallHome implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'h');
  }

  static async make(): Promise<SmallHome> {
    const home = new SmallHome(realpathSync(mkdtempSync(join(tmpdir(), 'berth-walk-'))));
    const image = join(home.#directory, 'disk');
    await output(['truncate', `--size=${SIZE_GIB}G`, image]);
    await output(['mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=1', image]);
    mkdirSync(home.path);
    await output(['mount', '-o', 'loop', image, home.path]);
    rmSync(join(home.path, 'lost+found'), { recursive: true, force: true });
    await output(['chmod', '711', home.#directory, home.path]);
    return home;
  }

  /** Leaves next to nothing free. */
  async fill(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.path);
    const bytes = bavail * bsize - LEFT_BYTES;
    if (bytes <= 0) return;
    await output(['fallocate', '--length', String(bytes), this.#ballast]).catch(() => undefined);
  }

  async empty(): Promise<void> {
    rmSync(this.#ballast, { force: true });
  }

  /** Below `run`, where nothing of an environment lies, and which is never looked at. */
  get #ballast(): string {
    return join(this.path, 'run', 'ballast');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (existsSync(join(this.path, 'berth-home'))) {
        const argv = ['down', '--all', '--purge', '--yes'];
        const { code, stdout, stderr } = await berth(argv, { home: this.path, timeoutMs: PURGE_TIMEOUT_MS });
        if (code !== 0) throw new Error(`${this.path} could not be purged: ${stdout}${stderr}`);
      }
    } finally {
      await output(['umount', '--lazy', this.path]);
      rmSync(this.#directory, { recursive: true, force: true });
      rmSync(`${this.path}.work`, { recursive: true, force: true });
    }
    const left = await onHost(this.path);
    if (JSON.stringify(left) !== JSON.stringify(NOTHING))
      throw new Error(`left on the host: ${JSON.stringify(left)}`);
  }
}
