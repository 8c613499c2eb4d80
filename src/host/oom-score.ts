import { writeFile } from 'node:fs/promises';

/**
 * Sets how soon the kernel ends a process, and what it starts from then on, when the host has no memory left: -1000 (never) to 1000. Where the host's owner
 * does not let this process do so, as in some containers, nothing changes.
 */
export async function setOomScore(pid: number | 'self', score: number): Promise<void> {
  await writeFile(`/proc/${pid}/oom_score_adj`, String(score)).catch(() => undefined);
}
