import { join } from 'node:path';
import { poll, sleep } from '../../src/base/index.ts';
import { run, temporaryDirectory, writeAtomic } from '../../src/host/index.ts';
import { openLoad } from '../measure/open-load.ts';
import { median, percentile, summarize } from '../measure/statistics.ts';
import type { LoadSecond, LoadStepStage } from '../result.ts';
import { type Rig, targetOf } from '../rig.ts';

const NAME = 'bench-scaled';
const MAX_MACHINES = 4;
/** Open connections that each machine is to have at most. */
const CONNECTIONS = 8;
const UP_TIMEOUT_MS = 5 * 60_000;
const REST_TIMEOUT_MS = 3 * 60_000;
const POLICY = `services: {}
x-berth:
  idle: {after: 5s, then: freeze, sleep-after: 1s}
  replicas: {min: 0, max: ${MAX_MACHINES}, target: connections, value: ${CONNECTIONS}, cool-down: 10s, drain: 5s}
`;

/** An environment that sleeps meets a load at once, and is left alone again. */
export async function loadStepStage(
  rig: Rig,
  o: { readonly loadPerSecond: number; readonly loadMs: number },
): Promise<LoadStepStage> {
  await up(rig);
  try {
    await settled(rig, 'asleep');
    const { host, port } = targetOf(await rig.client.environments.get(NAME));
    const url = `http://${host}:${port}/peek`;
    const machines = new MachineCount(rig);
    const samples = await openLoad(url, {
      ...{ perSecond: o.loadPerSecond, forMs: o.loadMs, signal: rig.options.signal },
    });
    const counts = await machines.end();
    const restMs = await settled(rig, 'asleep');
    const good = samples.flatMap(({ tookMs }) => tookMs ?? []);
    return {
      ...{ perSecond: o.loadPerSecond, forMs: o.loadMs, requests: samples.length },
      errors: samples.length - good.length,
      answer: summarize(good),
      firstMs: samples[0]?.tookMs ?? Number.NaN,
      restMs,
      seconds: secondsOf(samples, counts),
    };
  } finally {
    await rig.removeForks();
  }
}

async function up(rig: Rig): Promise<void> {
  const { root, signal } = rig.options;
  await using directory = await temporaryDirectory();
  const policy = join(directory.path, 'policy.yaml');
  await writeAtomic(policy, POLICY);
  const files = ['-f', 'examples/shop/compose.yaml', '-f', policy];
  await run([join(root, 'berth'), 'up', ...files, '--name', NAME], {
    ...{ cwd: root, timeoutMs: UP_TIMEOUT_MS, signal, env: { NO_COLOR: '1' } },
  });
}

/** Waits until it has come to rest by itself with no replica left; ms that took. */
async function settled(rig: Rig, state: string): Promise<number> {
  const beganMs = performance.now();
  await poll(
    async () => {
      const all = await rig.client.environments.list();
      const mine = all.filter(({ name }) => name.startsWith(NAME));
      return mine.length === 1 && mine[0]?.state === state ? true : undefined;
    },
    {
      ...{ timeoutMs: REST_TIMEOUT_MS, intervalMs: 250, signal: rig.options.signal },
      what: `${NAME} to be ${state}`,
    },
  );
  return performance.now() - beganMs;
}

/** How many machines took connections, four times a second. */
class MachineCount {
  readonly #ending = new AbortController();
  readonly #counts: { readonly atMs: number; readonly machines: number }[] = [];
  readonly #work: Promise<void>;

  constructor(rig: Rig) {
    this.#work = this.#count(rig, performance.now());
  }

  async end(): Promise<readonly { readonly atMs: number; readonly machines: number }[]> {
    this.#ending.abort();
    await this.#work;
    return this.#counts;
  }

  async #count(rig: Rig, beganMs: number): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const { replicas } = await rig.client.environments.get(NAME);
      const machines = (replicas?.machines ?? []).filter(({ health }) => health === 'up').length;
      this.#counts.push({ atMs: performance.now() - beganMs, machines });
      await sleep(250, this.#ending.signal).catch(() => undefined);
    }
  }
}

function secondsOf(
  samples: Awaited<ReturnType<typeof openLoad>>,
  counts: readonly { readonly atMs: number; readonly machines: number }[],
): LoadSecond[] {
  const last = Math.floor((samples.at(-1)?.dueMs ?? 0) / 1000);
  return Array.from({ length: last + 1 }, (_, second) => {
    const isIn = (ms: number) => Math.floor(ms / 1000) === second;
    const due = samples.filter(({ dueMs }) => isIn(dueMs));
    const good = due.flatMap(({ tookMs }) => tookMs ?? []);
    const seen = counts.filter(({ atMs }) => isIn(atMs)).map(({ machines }) => machines);
    return {
      errors: due.length - good.length,
      machines: Math.max(0, ...seen),
      ...(good.length === 0 ? {} : { p50: median(good), p95: percentile(good, 95) }),
    };
  });
}
