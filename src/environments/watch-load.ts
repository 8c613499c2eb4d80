import { wantedTimesMs } from '../host/index.ts';
import type { EnvironmentId } from '../model/index.ts';
import type { Context } from './context.ts';
import { judgeLoad, type LoadMemory } from './plan/judge-load.ts';
import { wantedShare } from './plan/wanted-share.ts';
import type { EnvironmentRecord } from './record.ts';

/** A machine that is busy all the time is told of once in so long. */
const TELL_AGAIN_AFTER_MS = 10 * 60_000;

interface Watched {
  readonly pid: number;
  readonly times: ReadonlyMap<number, number>;
  readonly atMs: number;
  readonly memory: LoadMemory;
  readonly toldAtMs: number;
}

/** Tells when a machine that nobody is changing keeps all of its virtual CPUs busy, whether or not the host has as much CPU to give. */
export class LoadWatch {
  readonly #context: Pick<Context, 'events' | 'registry'>;
  readonly #watched = new Map<EnvironmentId, Watched>();

  constructor(context: Pick<Context, 'events' | 'registry'>) {
    this.#context = context;
  }

  /** Called for each machine again and again. */
  look({ id, name, process, shape, state }: EnvironmentRecord): void {
    const pid = process?.process.pid;
    const isAtWork = state === 'running' || state === 'degraded';
    const times = pid === undefined || !isAtWork ? undefined : wantedTimesMs(pid);
    if (pid === undefined || times === undefined) {
      this.#watched.delete(id);
      return;
    }
    const nowMs = performance.now();
    const before = this.#watched.get(id);
    if (before?.pid !== pid || nowMs <= before.atMs) {
      const memory = { isTold: false };
      this.#watched.set(id, { pid, times, atMs: nowMs, memory, toldAtMs: -Infinity });
      return;
    }
    const intervalMs = nowMs - before.atMs;
    const share = wantedShare(before.times, times, { intervalMs, vcpus: shape.vcpus });
    const { memory, news } = judgeLoad(share, { nowMs, intervalMs }, before.memory);
    const isQuiet = nowMs - before.toldAtMs < TELL_AGAIN_AFTER_MS;
    const toldAtMs = news === 'saturated' && !isQuiet ? nowMs : before.toldAtMs;
    this.#watched.set(id, { pid, times, atMs: nowMs, memory, toldAtMs });
    if (news === 'saturated' && !isQuiet) {
      const what = `all of its ${shape.vcpus} virtual CPUs are busy; see \`./berth stats ${name}\``;
      this.#context.events.append('environment.cpu-saturated', name, what);
    }
  }

  /** Forgets what is no more. */
  forgetGone(): void {
    for (const id of this.#watched.keys())
      if (this.#context.registry.find(id) === undefined) this.#watched.delete(id);
  }
}
