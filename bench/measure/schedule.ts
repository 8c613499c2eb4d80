/** What is timed in the fork stage. */
export type Contestant =
  | 'fork-template'
  | 'fork-warm'
  | 'fork-running'
  | 'podman'
  | 'podman-shop'
  | 'cold-boot'
  | 'libvirt';

export interface Turn {
  readonly contestant: Contestant;
  /** False for the first turn of each contestant, which only warms up. */
  readonly timed: boolean;
}

/** Which peers are there to be timed. */
export interface Peers {
  readonly podman: boolean;
  readonly libvirt: boolean;
}

/**
 * Everybody's turns interleaved, so that whatever else the machine does meets all alike: one warm-up round, then
 * `runs` rounds, over which the boots are spread evenly, each of ours beside one of libvirt's. The order within a round alternates.
 */
export function schedule(runs: number, coldRuns: number, peers: Peers): Turn[] {
  const podman: readonly Contestant[] = peers.podman ? ['podman', 'podman-shop'] : [];
  const boots: readonly Contestant[] = peers.libvirt ? ['cold-boot', 'libvirt'] : ['cold-boot'];
  const round: readonly Contestant[] = [
    'fork-template',
    ...podman.slice(0, 1),
    'fork-warm',
    'fork-running',
    ...podman.slice(1),
  ];
  const turns: Turn[] = round.map((contestant) => ({ contestant, timed: false }));
  for (let index = 0; index < runs; index++) {
    const order = index % 2 === 0 ? round : round.toReversed();
    turns.push(...order.map((contestant) => ({ contestant, timed: true })));
    const colds = coldTurnsAfter(index, runs, coldRuns);
    for (let cold = 0; cold < colds; cold++)
      turns.push(...boots.map((contestant) => ({ contestant, timed: true })));
  }
  return turns;
}

function coldTurnsAfter(index: number, runs: number, coldRuns: number): number {
  return Math.floor(((index + 1) * coldRuns) / runs) - Math.floor((index * coldRuns) / runs);
}
