import { summarize, summarizeTail } from '../../../bench/measure/statistics.ts';
import type {
  BurstStage,
  CarrierResult,
  DaemonStage,
  DepthResult,
  FleetStage,
  GrowthStage,
  HttpResult,
  PortStage,
  SleepStage,
} from '../../../bench/result.ts';

const MIB = 1024 ** 2;
const memory = {
  ...{ rssBytes: 120 * MIB, pssBytes: 110 * MIB, privateDirtyBytes: 90 * MIB },
  ...{ pssAnonymousBytes: 0, pssFileBytes: 0 },
};

export function burst(o: { readonly allMs: number; readonly errors: number }): BurstStage {
  const one = (kind: 'template' | 'warm', forks: number, errors: number) => ({
    ...{ kind, forks, errors },
    ...{ half: summarize([o.allMs / 2]), all: summarize([o.allMs]) },
  });
  return {
    bursts: [one('template', 1, 0), one('template', 50, o.errors), one('warm', 50, 0)],
    ...(o.errors === 0 ? {} : { firstError: 'it ended' }),
  };
}

export const growth: GrowthStage = {
  settledMs: 10_000,
  levels: [1, 40].map((living) => {
    const samples = [400 + living, 410 + living];
    return { living, samples, firstAnswer: summarize(samples) };
  }),
};

export const daemon: DaemonStage = {
  sizes: [
    { environments: 0, startMs: 500, memory, list: summarizeTail([1, 2]) },
    { environments: 1000, startMs: 900, memory, list: summarizeTail([20, 30]), get: summarizeTail([1, 2]) },
  ],
};

export function sleep(o: {
  readonly frozen: number;
  readonly asleep: number;
  readonly fork: number;
}): SleepStage {
  const depth = (wakeMs: number, pssAsleep: number): DepthResult => ({
    ...{ wakeSamples: [wakeMs, wakeMs], wake: summarize([wakeMs, wakeMs]), sleep: summarize([250]) },
    ...{ written: summarize([40 * MIB]), pssAwake: summarize([70 * MIB]), pssAsleep: summarize([pssAsleep]) },
  });
  return { frozen: depth(o.frozen, 70 * MIB), asleep: depth(o.asleep, 0), fork: summarize([o.fork]) };
}

export function fleet(o: {
  readonly forks: number;
  readonly errors: number;
  readonly cpu: number;
}): FleetStage {
  return {
    ...{ forks: o.forks, errors: o.errors, freeze: summarize([200]), settledMs: 5_000 },
    ...{ pss: summarize([60 * MIB]), privateDirty: summarize([55 * MIB]), daemon: memory },
    idleCpu: { overMs: 10_000, allPercent: o.cpu - 2, perForkPercent: o.cpu / o.forks, daemonPercent: 2 },
    ...{ hostMemoryTakenBytes: 11_000 * MIB, wholeMachines: 47, shapeBytes: 512 * MIB },
    wake: summarizeTail([10, 20]),
    ...(o.errors === 0 ? {} : { firstError: 'bench-fleet-1: no answer' }),
  };
}

export function port(o: {
  readonly nginx: number;
  readonly berth: number;
  readonly requests?: number;
}): PortStage {
  const http = (rate: number): HttpResult => ({
    ...{ requestsPerSecond: summarize([rate]), latencyP50: summarize([0.6]), latencyP99: summarize([4]) },
    errors: 0,
  });
  const carrier = (mib: number, rate = 20_000): CarrierResult => ({
    ...{ mibPerSecond: summarize([mib]), roundTrip: summarizeTail([0.1]), connection: summarizeTail([0.2]) },
    ...{ keepAlive: http(rate), perRequest: http(rate) },
  });
  return {
    roundBytes: 256 * MIB,
    http: { connections: 16, overMs: 2_000 },
    carriers: {
      ...{ none: carrier(3000), nginx: carrier(o.nginx) },
      ...{ haproxy: carrier(1200), berth: carrier(o.berth, o.requests) },
    },
  };
}
