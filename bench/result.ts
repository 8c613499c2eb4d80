import type { MachineFacts } from './measure/machine.ts';
import type { ProcessMemory } from './measure/process-memory.ts';
import type { Contestant } from './measure/schedule.ts';
import type { Summary } from './measure/statistics.ts';

/** One contestant of the fork stage. All times in ms, from the call. */
export interface ContestantResult {
  /** To the first HTTP 200, in the order of the runs. */
  readonly firstAnswerSamples: readonly number[];
  readonly firstAnswer: Summary;
  /** Until the operation had ended, or `podman run` had. */
  readonly finished: Summary;
  /** Until the API told the address. */
  readonly addressKnown?: Summary;
  /** How long the parent stood still. */
  readonly parentPaused?: Summary;
  /** Median of each step that the daemon reports. */
  readonly steps?: Readonly<Record<string, number>>;
  /** Median of what the freeze of the parent wrote. */
  readonly frozenBytes?: number;
}

export interface ForkStage {
  readonly path: string;
  readonly runs: number;
  readonly contestants: Readonly<Partial<Record<Contestant, ContestantResult>>>;
  /** Why there is no peer, if there is none. */
  readonly podmanMissing?: string;
}

export interface DensityStage {
  readonly forks: number;
  /** From the one call for all forks to the first HTTP 200 of each, in ms. */
  readonly firstAnswer: Summary;
  readonly allAnsweredMs: number;
  /** How long the forks were left alone before they were measured, in ms. */
  readonly settledMs: number;
  /** One entry for each fork. */
  readonly memory: readonly ProcessMemory[];
  readonly pss: Summary;
  readonly privateDirty: Summary;
  /** CPU time of all forks' processes, in percent of one core, over `overMs`. */
  readonly idleCpu: { readonly overMs: number; readonly allPercent: number; readonly perForkPercent: number };
  readonly daemon: ProcessMemory;
  /** By how much the host's available memory fell. */
  readonly hostMemoryTakenBytes: number;
  /** `GET /v1/environments` with all of them alive, in ms. */
  readonly list: Summary & { readonly p99: number };
}

export interface CliStage {
  /** Process start to end, in ms, by command line. */
  readonly commands: Readonly<Record<string, Summary>>;
  readonly environments: number;
}

export interface QuickstartStage {
  readonly firstMs: number;
  readonly repeatedMs: number;
}

/** What carries bytes to the same server: nothing, nginx's stream proxy, or a published port. */
export type Carrier = 'none' | 'nginx' | 'berth';

export interface CarrierResult {
  /** Of one connection. */
  readonly mibPerSecond: Summary;
  /** One byte there and back over a connection that is open, in ms. */
  readonly roundTrip: Summary & { readonly p99: number };
  /** The same over a new connection each, in ms. */
  readonly connection: Summary & { readonly p99: number };
}

export interface PortStage {
  readonly roundBytes: number;
  readonly carriers: Readonly<Record<Carrier, CarrierResult>>;
}

export interface DockerStage {
  /** `GET /version` through the environment's socket on the host, in ms, over one connection. */
  readonly outside: Summary & { readonly p99: number };
  /** The same at the engine's own socket in the guest. */
  readonly inside: Summary & { readonly p99: number };
  /** Size of the image's archive. */
  readonly imageBytes: number;
  readonly saveMibPerSecond: Summary;
  readonly loadMibPerSecond: Summary;
}

/** What a project brings into a machine. All times in ms, of the commands as they are typed. */
export interface ProjectStage {
  /** Files that `berth sync` sends at once; each has a few bytes. */
  readonly files: number;
  readonly syncAll: Summary;
  /** One of them has changed. */
  readonly syncOne: Summary;
  /** An image that cannot be compressed, from a registry on loopback. */
  readonly imageBytes: number;
  /** Its pull into the first environment, and into the second one. */
  readonly firstPullMs: number;
  readonly secondPullMs: number;
}

/** A prediction of `berth capacity` beside what came of it, for one shape. */
export interface CapacityShape {
  readonly shape: string;
  /** Machines that there would be in all by the host's memory / that of the shape. */
  readonly naive: number;
  /** What one more fork was expected to take. */
  readonly expectedBytes: number;
  /** How many more were said to fit. */
  readonly told: number;
  /** How many more were made before one was refused. */
  readonly made: number;
  /** Memory that other programs took meanwhile; below 0: gave back. */
  readonly othersBytes: number;
  /** How often it was tried: again when others took or gave back the memory of a fork or more. */
  readonly attempts: number;
  /** What one of those that were made had of its own once all had settled, on average. */
  readonly settledBytes: number;
  /** What the refusal said. */
  readonly refusal: string;
}

export interface CapacityStage {
  /** About so many were to fit; the rest of the host's memory was reserved. */
  readonly forks: number;
  readonly shapes: readonly CapacityShape[];
}

/** A stage with when and on what it was measured. */
export interface Measured<Stage> {
  readonly at: string;
  readonly machine: MachineFacts;
  readonly quick: boolean;
  readonly figures: Stage;
}

export const RESULT_VERSION = 1;

/** What a run of the bench writes. */
export interface BenchResult {
  readonly version: typeof RESULT_VERSION;
  readonly fork?: Measured<ForkStage>;
  readonly density?: Measured<DensityStage>;
  readonly cli?: Measured<CliStage>;
  readonly quickstart?: Measured<QuickstartStage>;
  readonly port?: Measured<PortStage>;
  readonly docker?: Measured<DockerStage>;
  readonly project?: Measured<ProjectStage>;
  readonly capacity?: Measured<CapacityStage>;
}
