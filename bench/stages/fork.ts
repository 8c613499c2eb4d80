import { join } from 'node:path';
import { asBerthError } from '../../src/errors/index.ts';
import { type Contestant, schedule } from '../measure/schedule.ts';
import { mediansByKey, median, summarize } from '../measure/statistics.ts';
import { PodmanPeer } from '../peers/podman.ts';
import type { ContestantResult, ForkStage } from '../result.ts';
import { PATH, type Rig, TEMPLATE, WARM_TEMPLATE } from '../rig.ts';
import { ForkParents } from './fork-parents.ts';
import { type ForkSample, forkAndVisit } from './fork-and-visit.ts';

const COLD = 'bench-cold';
const FORK = 'bench-fork';

/** Moments of one run, in ms from the call. */
interface Sample {
  readonly firstAnswerMs: number;
  readonly finishedMs: number;
  readonly fork?: ForkSample;
}

interface Contest {
  /** What is timed. */
  run(): Promise<Sample>;
  /** Brings everything back to where it was; not timed. */
  clear(): Promise<void>;
}

/** Times forks, podman and cold boots, interleaved. */
export async function forkStage(
  rig: Rig,
  o: { readonly runs: number; readonly coldRuns: number },
): Promise<{
  readonly figures: ForkStage;
  readonly podman?: string;
}> {
  await using closing = new AsyncDisposableStack();
  const { say } = rig.options;
  const podman = await openPodman(rig, closing);
  const peer = podman instanceof PodmanPeer ? podman : undefined;
  const parents = await ForkParents.open(rig);
  await rig.keepWarm();
  const contests = { ...machineContests(rig, parents), ...(peer === undefined ? {} : podmanContests(peer)) };
  await prepareCold(rig);
  const samples = new Map<Contestant, Sample[]>();
  for (const { contestant, timed } of schedule(o.runs, o.coldRuns, peer !== undefined)) {
    const contest = contests[contestant];
    if (contest === undefined) continue;
    const sample = await contest.run();
    await contest.clear();
    say(`  ${timed ? contestant : `${contestant}, warm-up`}: ${Math.round(sample.firstAnswerMs)} ms`);
    if (timed) samples.set(contestant, [...(samples.get(contestant) ?? []), sample]);
  }
  await rig.removeForks();
  await rig.client.templates.warm(WARM_TEMPLATE, { min: 0, max: 0 });
  const contestants = Object.fromEntries([...samples].map(([name, list]) => [name, resultOf(list)]));
  const missing = podman instanceof PodmanPeer ? {} : { podmanMissing: podman };
  return {
    figures: { path: PATH, runs: o.runs, contestants, ...missing },
    ...(peer === undefined ? {} : { podman: peer.version }),
  };
}

/** The peer, or why there is none: without it the rest is still worth measuring. */
async function openPodman(rig: Rig, closing: AsyncDisposableStack): Promise<PodmanPeer | string> {
  const { root, signal, say } = rig.options;
  try {
    return closing.use(await PodmanPeer.open(join(root, 'examples/shop/images/shop.tar'), signal));
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = asBerthError(error);
    say(`no podman to compare with: ${message}`);
    return message;
  }
}

function machineContests(rig: Rig, parents: ForkParents): Partial<Record<Contestant, Contest>> {
  return {
    'fork-template': {
      run: async () => sampleOf(await forkAndVisit(rig, TEMPLATE, FORK)),
      clear: () => rig.remove(FORK),
    },
    'fork-warm': {
      run: async () => sampleOf(await forkAndVisit(rig, WARM_TEMPLATE, FORK)),
      clear: async () => {
        await rig.remove(FORK);
        // It is made anew before anybody else has a turn.
        await rig.warmed();
      },
    },
    'fork-running': {
      run: async () => sampleOf(await forkAndVisit(rig, parents.current, FORK)),
      clear: async () => {
        await rig.remove(FORK);
        await parents.used();
      },
    },
    'cold-boot': {
      run: () => boot(rig),
      clear: () => stop(rig),
    },
  };
}

function podmanContests(peer: PodmanPeer): Partial<Record<Contestant, Contest>> {
  return {
    podman: { run: () => peer.runOne(), clear: () => peer.clear() },
    'podman-shop': { run: () => peer.runShop(), clear: () => peer.clear() },
  };
}

/** A fork of the same template, stopped: its start boots the same guest with the same containers on its disk. */
async function prepareCold(rig: Rig): Promise<void> {
  await forkAndVisit(rig, TEMPLATE, COLD);
  await stop(rig);
}

async function stop(rig: Rig): Promise<void> {
  await rig.finish((await rig.client.environments.stop(COLD)).id);
}

async function boot(rig: Rig): Promise<Sample> {
  const environment = await rig.client.environments.get(COLD);
  const startMs = performance.now();
  const operation = await rig.client.environments.start(COLD);
  const [finished, answered] = await Promise.all([rig.finish(operation.id), rig.answered(environment)]);
  return { firstAnswerMs: answered - startMs, finishedMs: finished - startMs };
}

function sampleOf(fork: ForkSample): Sample {
  return { firstAnswerMs: fork.firstAnswerMs, finishedMs: fork.finishedMs, fork };
}

function resultOf(samples: readonly Sample[]): ContestantResult {
  const firstAnswerSamples = samples.map(({ firstAnswerMs }) => Math.round(firstAnswerMs * 10) / 10);
  const forks = samples.flatMap(({ fork }) => fork ?? []);
  return {
    firstAnswerSamples,
    firstAnswer: summarize(firstAnswerSamples),
    finished: summarize(samples.map(({ finishedMs }) => finishedMs)),
    ...(forks.length === 0 ? {} : forkFacts(forks)),
  };
}

function forkFacts(forks: readonly ForkSample[]): Partial<ContestantResult> {
  const reports = forks.map(({ report }) => report);
  return {
    addressKnown: summarize(forks.map(({ addressKnownMs }) => addressKnownMs)),
    parentPaused: summarize(reports.map(({ parentPausedMs }) => parentPausedMs)),
    steps: mediansByKey(reports.map(({ steps }) => steps)),
    frozenBytes: median(reports.map(({ frozenBytes }) => frozenBytes)),
  };
}
