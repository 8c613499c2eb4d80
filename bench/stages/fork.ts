import { join } from 'node:path';
import { asBerthError } from '../../src/errors/index.ts';
import { type Contestant, schedule, type Turn } from '../measure/schedule.ts';
import { mediansByKey, median, summarize } from '../measure/statistics.ts';
import type { PeerVersions } from '../measure/machine.ts';
import { LibvirtPeer } from '../peers/libvirt.ts';
import { hasLibvirt } from '../peers/libvirt-daemon.ts';
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

/** Times forks, podman, cold boots and those of libvirt, interleaved. */
export async function forkStage(
  rig: Rig,
  o: { readonly runs: number; readonly coldRuns: number; readonly libvirt: boolean },
): Promise<{ readonly figures: ForkStage; readonly peers: PeerVersions }> {
  await using closing = new AsyncDisposableStack();
  const podman = await orWhyNot(rig, 'podman', () => openPodman(rig, closing));
  const parents = await ForkParents.open(rig);
  await rig.keepWarm(1);
  await prepareCold(rig);
  const libvirt =
    o.libvirt || (await hasLibvirt())
      ? await orWhyNot(rig, 'libvirt', () => openLibvirt(rig, closing))
      : { missing: 'it is not installed, and --libvirt was not given' };
  const contests = {
    ...machineContests(rig, parents),
    ...podmanContests(podman),
    ...libvirtContest(libvirt),
  };
  const peers = { podman: 'peer' in podman, libvirt: 'peer' in libvirt };
  const samples = await takeTurns(rig, contests, schedule(o.runs, o.coldRuns, peers));
  await rig.removeForks();
  await rig.keepWarm(0);
  const contestants = Object.fromEntries([...samples].map(([name, list]) => [name, resultOf(list)]));
  return {
    figures: {
      ...{ path: PATH, runs: o.runs, contestants },
      ...('peer' in podman ? {} : { podmanMissing: podman.missing }),
      ...('peer' in libvirt ? {} : { libvirtMissing: libvirt.missing }),
    },
    peers: {
      ...('peer' in podman ? { podman: podman.peer.version } : {}),
      ...('peer' in libvirt ? { libvirt: libvirt.peer.version } : {}),
    },
  };
}

async function takeTurns(
  rig: Rig,
  contests: Partial<Record<Contestant, Contest>>,
  turns: readonly Turn[],
): Promise<Map<Contestant, Sample[]>> {
  const samples = new Map<Contestant, Sample[]>();
  for (const { contestant, timed } of turns) {
    const contest = contests[contestant];
    if (contest === undefined) continue;
    const sample = await contest.run();
    await contest.clear();
    const title = timed ? contestant : `${contestant}, warm-up`;
    rig.options.say(`  ${title}: ${Math.round(sample.firstAnswerMs)} ms`);
    if (timed) samples.set(contestant, [...(samples.get(contestant) ?? []), sample]);
  }
  return samples;
}

/** A peer, or why there is none. */
type Perhaps<Peer> = { readonly peer: Peer } | { readonly missing: string };

/** Without a peer the rest is still worth measuring. */
async function orWhyNot<Peer>(rig: Rig, name: string, open: () => Promise<Peer>): Promise<Perhaps<Peer>> {
  try {
    return { peer: await open() };
  } catch (error) {
    rig.options.signal.throwIfAborted();
    const { message } = asBerthError(error);
    rig.options.say(`no ${name} to compare with: ${message}`);
    return { missing: message };
  }
}

async function openPodman(rig: Rig, closing: AsyncDisposableStack): Promise<PodmanPeer> {
  const { root, signal } = rig.options;
  return closing.use(await PodmanPeer.open(join(root, 'examples/shop/images/shop.tar'), signal));
}

/** From the stopped environment of the cold boots. */
async function openLibvirt(rig: Rig, closing: AsyncDisposableStack): Promise<LibvirtPeer> {
  const { accelerator } = await rig.client.version();
  const environment = await rig.client.environments.get(COLD);
  const { signal } = rig.options;
  const options = { environment, home: rig.home, accelerator: accelerator ?? 'tcg', path: PATH, signal };
  return closing.use(await LibvirtPeer.open(options));
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
        await rig.warmed(1);
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

function podmanContests(podman: Perhaps<PodmanPeer>): Partial<Record<Contestant, Contest>> {
  if (!('peer' in podman)) return {};
  const { peer } = podman;
  return {
    podman: { run: () => peer.runOne(), clear: () => peer.clear() },
    'podman-shop': { run: () => peer.runShop(), clear: () => peer.clear() },
  };
}

function libvirtContest(libvirt: Perhaps<LibvirtPeer>): Partial<Record<Contestant, Contest>> {
  if (!('peer' in libvirt)) return {};
  const { peer } = libvirt;
  return { libvirt: { run: () => peer.runClone(), clear: () => peer.clear() } };
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
