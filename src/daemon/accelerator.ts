import type { Accelerator } from '../hypervisor/index.ts';
import { requireAccelerator } from '../setup/index.ts';

const PROBE_DEADLINE_MS = 20_000;

/** Which accelerator really runs a guest, found out once and kept: in memory, and on disk for the host's run. */
export class AcceleratorFinder {
  readonly #qemuPath: string;
  readonly #cacheFile: string;
  readonly #answers = new Map<string, Promise<Accelerator>>();
  #known: Accelerator | undefined;

  constructor(o: { readonly qemuPath: string; readonly cacheFile: string }) {
    this.#qemuPath = o.qemuPath;
    this.#cacheFile = o.cacheFile;
  }

  /** What was found last; undefined before the first look. */
  get known(): Accelerator | undefined {
    return this.#known;
  }

  /** Boots a guest with this kernel unless the answer is known: a boot sector may run where a kernel hangs. */
  find(kernelPath: string): Promise<Accelerator> {
    const answer = this.#answers.get(kernelPath) ?? this.#probe(kernelPath);
    this.#answers.set(kernelPath, answer);
    // A failed look is not remembered: the host may be set up meanwhile.
    answer.catch(() => this.#answers.delete(kernelPath));
    return answer;
  }

  async #probe(kernelPath: string): Promise<Accelerator> {
    const { accelerator } = await requireAccelerator({
      qemuPath: this.#qemuPath,
      cacheFile: this.#cacheFile,
      kernelPath,
      deadlineMs: PROBE_DEADLINE_MS,
    });
    this.#known = accelerator;
    return accelerator;
  }
}
