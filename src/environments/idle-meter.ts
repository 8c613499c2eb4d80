import { sleep } from '../base/index.ts';
import { allocatedBytes, cpuTimeMs } from '../host/index.ts';
import type { EnvironmentId } from '../model/index.ts';
import type { EnvironmentRecord } from './record.ts';

/** A shorter look says little about a machine that does nothing most of the time. */
const LEAST_LOOK_MS = 2_000;
const FIRST_LOOK_MS = 500;

interface Look {
  readonly pid: number;
  readonly cpuMs: number;
  readonly atMs: number;
}

/** Measures what takes time to measure, when somebody asks: CPU over a while, and the size of disks. Remembers it for those who cannot wait. */
export class IdleMeter {
  readonly cpuPercent = new Map<EnvironmentId, number>();
  readonly diskBytes = new Map<EnvironmentId, number>();
  readonly #looks = new Map<EnvironmentId, Look>();

  /** Takes half a second when machines are there that it has not seen before. */
  async measure(records: readonly EnvironmentRecord[], signal: AbortSignal): Promise<void> {
    this.#forget(new Set(records.map(({ id }) => id)));
    const isNew = this.#look(records, LEAST_LOOK_MS);
    await Promise.all(
      records.map(async ({ id, disk }) => {
        if (disk !== undefined) this.diskBytes.set(id, await allocatedBytes(disk.directory));
      }),
    );
    if (!isNew) return;
    await sleep(FIRST_LOOK_MS, signal);
    this.#look(records, FIRST_LOOK_MS);
  }

  /** True when there is one whose share is not known yet. */
  #look(records: readonly EnvironmentRecord[], leastMs: number): boolean {
    let isNew = false;
    for (const { id, process } of records) {
      const pid = process?.process.pid;
      const cpuMs = pid === undefined ? undefined : cpuTimeMs(pid);
      if (pid === undefined || cpuMs === undefined) continue;
      const atMs = performance.now();
      const last = this.#looks.get(id);
      const overMs = last?.pid === pid ? atMs - last.atMs : 0;
      if (last !== undefined && overMs >= leastMs)
        this.cpuPercent.set(id, ((cpuMs - last.cpuMs) / overMs) * 100);
      if (overMs === 0 || overMs >= leastMs) this.#looks.set(id, { pid, cpuMs, atMs });
      isNew ||= !this.cpuPercent.has(id);
    }
    return isNew;
  }

  #forget(known: ReadonlySet<EnvironmentId>): void {
    for (const map of [this.cpuPercent, this.diskBytes, this.#looks])
      for (const id of map.keys()) if (!known.has(id)) map.delete(id);
  }
}
