import type { MachineFacts } from './measure/machine.ts';
import type { ProcessMemory } from './measure/process-memory.ts';
import type { Contestant } from './measure/schedule.ts';
import type { Summary, TailSummary } from './measure/statistics.ts';

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
  readonly libvirtMissing?: string;
}

/** Forks that were asked for in one call. All times in ms, from the call. */
export interface BurstResult {
  /** `warm`: as many warm forks were ready at the call. */
  readonly kind: 'template' | 'warm';
  readonly forks: number;
  /** Until half of them, and until all of them had answered their first HTTP 200; a sample for each round. */
  readonly half: Summary;
  readonly all: Summary;
  /** Forks that never answered, in all rounds. */
  readonly errors: number;
}

export interface BurstStage {
  readonly bursts: readonly BurstResult[];
  readonly firstError?: string;
}

/** Forks made one at a time while others are alive and idle. */
export interface GrowthStage {
  /** How long the idle ones were left alone before, in ms. */
  readonly settledMs: number;
  readonly levels: readonly {
    readonly living: number;
    /** From the call to the first HTTP 200, in ms, in the order of the runs. */
    readonly samples: readonly number[];
    readonly firstAnswer: Summary;
  }[];
}

/** The daemon by itself, with stopped environments in its store. */
export interface DaemonStage {
  readonly sizes: readonly {
    readonly environments: number;
    /** From the start of the process until the API answered, in ms. */
    readonly startMs: number;
    /** After the calls below. */
    readonly memory: ProcessMemory;
    /** `GET /v1/environments`, in ms. */
    readonly list: TailSummary;
    /** `GET /v1/environments/NAME`, in ms; absent where there is none to ask for. */
    readonly get?: TailSummary;
  }[];
}

/** One depth of sleep. */
export interface DepthResult {
  /** From the connect to the first byte of the answer, in ms, in the order of the runs. */
  readonly wakeSamples: readonly number[];
  readonly wake: Summary;
  /** From the call to the end of its operation, in ms. */
  readonly sleep: Summary;
  /** What its memory takes on disk meanwhile, in bytes. */
  readonly written: Summary;
  /** PSS of the machine's process before the sleep and during it; 0 when there is no process. */
  readonly pssAwake: Summary;
  readonly pssAsleep: Summary;
}

export interface SleepStage {
  readonly frozen: DepthResult;
  readonly asleep: DepthResult;
  /** From the call to the first HTTP 200, in turns with the wakes from `asleep`. */
  readonly fork: Summary;
}

/** One environment that sleeps and is woken again and again. */
export interface CyclesStage {
  readonly cycles: number;
  /** One cycle in so many froze it only. */
  readonly frozenEach: number;
  /** Answers that were not the one before and one. */
  readonly wrong: number;
  /** From the connect to the whole answer, in ms. */
  readonly answer: Summary;
  /** PSS of the machine's process before each sleep and during it; 0 when there is no process. In bytes. */
  readonly pssAwake: Summary;
  readonly pssAsleep: Summary;
  readonly written: Summary;
}

/** A database under write load that is brought back to a snapshot again and again. */
export interface RestoresStage {
  readonly restores: number;
  /** One restore in so many booted from the disk, without memory. */
  readonly bootEach: number;
  /** Acknowledged rows that were looked for, over all restores. */
  readonly rows: number;
  /** Of those, how many were not there. */
  readonly lost: number;
  /** Lists of rows whose checksum was not that of what was written. */
  readonly wrong: number;
  /** From the call until the snapshot was there, under load, in ms. */
  readonly snapshot: Summary;
  /** From the call until the store answered, in ms. */
  readonly withMemory?: Summary;
  readonly booted?: Summary;
}

/** What became of the requests that were due in one second. */
export interface LoadSecond {
  readonly errors: number;
  /** Machines that took connections. */
  readonly machines: number;
  /** From when they were due to their whole answers, in ms; absent when there was none. */
  readonly p50?: number;
  readonly p95?: number;
}

/** A load that begins at once, on an environment that was asleep and whose machines follow the load. */
export interface LoadStepStage {
  readonly perSecond: number;
  readonly forMs: number;
  readonly requests: number;
  /** Requests without a good answer. */
  readonly errors: number;
  readonly answer: Summary;
  readonly firstMs: number;
  /** From the last answer until it was asleep again, in ms. */
  readonly restMs: number;
  readonly seconds: readonly LoadSecond[];
}

/** Idle environments that were frozen, and then woken one after the other by a connection each. */
export interface FleetStage {
  readonly forks: number;
  /** Of each, from the call to the end of its operation, in ms. */
  readonly freeze: Summary;
  readonly settledMs: number;
  readonly pss: Summary;
  readonly privateDirty: Summary;
  readonly idleCpu: IdleCpu;
  readonly daemon: ProcessMemory;
  readonly hostMemoryTakenBytes: number;
  /** How many machines of their shape the host's memory would hold whole. */
  readonly wholeMachines: number;
  readonly shapeBytes: number;
  /** From the connect to the first byte of the answer, in ms. */
  readonly wake: TailSummary;
  /** Forks that did not answer, and the first reason. */
  readonly errors: number;
  readonly firstError?: string;
}

/** CPU time of all processes, in percent of one core, over `overMs`. */
export interface IdleCpu {
  readonly overMs: number;
  readonly allPercent: number;
  readonly perForkPercent: number;
  /** Of the daemon, meanwhile. */
  readonly daemonPercent?: number;
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
  /** Of all forks' processes. */
  readonly idleCpu: IdleCpu;
  readonly daemon: ProcessMemory;
  /** By how much the host's available memory fell. */
  readonly hostMemoryTakenBytes: number;
  /** `GET /v1/environments` with all of them alive, in ms. */
  readonly list: TailSummary;
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

/** What carries bytes to the same server: nothing, nginx's stream proxy, haproxy, or a published port. */
export type Carrier = 'none' | 'nginx' | 'haproxy' | 'berth';

/** HTTP through a carrier, by several connections at once. One sample for each round. */
export interface HttpResult {
  readonly requestsPerSecond: Summary;
  /** From the request to its whole answer, in ms: of each round its p50, and its p99. */
  readonly latencyP50: Summary;
  readonly latencyP99: Summary;
  /** Requests without a good answer, in all rounds. */
  readonly errors: number;
}

export interface CarrierResult {
  /** Of one connection. */
  readonly mibPerSecond: Summary;
  /** One byte there and back over a connection that is open, in ms. */
  readonly roundTrip: TailSummary;
  /** The same over a new connection each, in ms. */
  readonly connection: TailSummary;
  /** On connections that are kept, and on a new one for each request. */
  readonly keepAlive?: HttpResult;
  readonly perRequest?: HttpResult;
}

export interface PortStage {
  readonly roundBytes: number;
  /** Of each HTTP load. */
  readonly http?: { readonly connections: number; readonly overMs: number };
  readonly carriers: Readonly<Record<Exclude<Carrier, 'haproxy'>, CarrierResult>> & {
    readonly haproxy?: CarrierResult;
  };
}

export interface DockerStage {
  /** `GET /version` through the environment's socket on the host, in ms, over one connection. */
  readonly outside: TailSummary;
  /** The same at the engine's own socket in the guest. */
  readonly inside: TailSummary;
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
  readonly burst?: Measured<BurstStage>;
  readonly growth?: Measured<GrowthStage>;
  readonly density?: Measured<DensityStage>;
  readonly fleet?: Measured<FleetStage>;
  readonly sleep?: Measured<SleepStage>;
  readonly cycles?: Measured<CyclesStage>;
  readonly restores?: Measured<RestoresStage>;
  readonly load?: Measured<LoadStepStage>;
  readonly daemon?: Measured<DaemonStage>;
  readonly cli?: Measured<CliStage>;
  readonly quickstart?: Measured<QuickstartStage>;
  readonly port?: Measured<PortStage>;
  readonly docker?: Measured<DockerStage>;
  readonly project?: Measured<ProjectStage>;
  readonly capacity?: Measured<CapacityStage>;
}
