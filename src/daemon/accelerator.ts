import type { Accelerator } from '../hypervisor/index.ts';
import { requireAccelerator } from '../setup/index.ts';

const PROBE_DEADLINE_MS = 20_000;

/**
 * Finds which accelerator really runs a guest, by booting one with the kernel of the image in question: a boot sector may run
 * where a kernel hangs. The answer is kept for the daemon's life, and on disk for the host's run.
 */
export function acceleratorFinder(options: {
  readonly qemuPath: string;
  readonly cacheFile: string;
}): (kernelPath: string) => Promise<Accelerator> {
  const known = new Map<string, Promise<Accelerator>>();
  return (kernelPath) => {
    const answer = known.get(kernelPath) ?? find(options, kernelPath);
    known.set(kernelPath, answer);
    // A failed look is not remembered: the host may be set up meanwhile.
    answer.catch(() => known.delete(kernelPath));
    return answer;
  };
}

async function find(
  options: { readonly qemuPath: string; readonly cacheFile: string },
  kernelPath: string,
): Promise<Accelerator> {
  const { accelerator } = await requireAccelerator({ ...options, kernelPath, deadlineMs: PROBE_DEADLINE_MS });
  return accelerator;
}
