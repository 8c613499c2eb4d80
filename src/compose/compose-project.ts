import type { HostPort, IdlePolicy, Problem, Protocol, ReplicaPolicy } from '../model/index.ts';

/** One port that a service publishes. Ranges are spelled out: one entry for each port. */
export interface ComposePort {
  readonly service: string;
  readonly protocol: Protocol;
  /** Address on the host that the file asks for; absent: the environment's own address. */
  readonly hostAddress?: string;
  /** Absent when the file leaves the choice open: the container engine picks one in the guest. */
  readonly hostPort?: number;
  readonly containerPort: number;
  /**
   * Port of the machine on which it can be reached: the host port, or the container's own port under
   * `network_mode: host`. Absent when the container engine picks it.
   */
  readonly guestPort?: number;
}

/** What Berth must know of one service; all else is left to Compose in the guest. */
export interface ComposeService {
  readonly name: string;
  /** Image reference with variables filled in. */
  readonly image?: string;
  /** Line of its image in the file, from 1. */
  readonly imageLine?: number;
  /** Platform that it is pulled for; the machine's own when absent. */
  readonly platform?: string;
  /** It has a `build` section. */
  readonly build: boolean;
  /** Its `pull_policy`, where there is one. */
  readonly pullPolicy?: string;
  readonly ports: readonly ComposePort[];
  /** The file gives it a health check that is not disabled. The image may have one all the same. */
  readonly healthcheck: boolean;
  /** Number of containers, 0 or more; 1 by default. */
  readonly replicas: number;
  /** It shares the machine's network (`network_mode: host`). */
  readonly hostNetwork: boolean;
  /** It may end with exit code 0 and be well: another service waits for it to complete, or its restart policy is `no`. */
  readonly mayComplete: boolean;
  /** How often the engine starts it again when it ends with an error; absent: never. `Infinity`: as long as it takes. */
  readonly restartLimit?: number;
}

/** What a file of the host is for. */
export type FileUse =
  | 'bind'
  | 'build'
  | 'config'
  | 'env_file'
  | 'extends'
  | 'include'
  | 'label_file'
  | 'secret'
  | 'watch';

/** A file or directory of the host that a Compose file refers to. */
export interface FileReference {
  readonly use: FileUse;
  /** Absolute and clean. */
  readonly path: string;
  /** The element that refers to it, `services.web.volumes[0]` for example. */
  readonly where: string;
  readonly line?: number;
  readonly column?: number;
  /** False when Compose goes on without it. */
  readonly required: boolean;
}

/** One rule of `develop.watch`. */
export interface WatchRule {
  readonly service: string;
  readonly action: WatchAction;
  /** Absolute and clean. */
  readonly path: string;
  /** Where it goes in the container; present with the actions that copy. */
  readonly target?: string;
  /** Patterns as in `.dockerignore`, below `path`. */
  readonly ignore: readonly string[];
  readonly include: readonly string[];
  /** Command of `sync+exec`. */
  readonly exec?: readonly string[];
}

export type WatchAction = 'sync' | 'rebuild' | 'restart' | 'sync+restart' | 'sync+exec';

/** The `x-berth` section: what the machine of this project is given. */
export interface BerthSettings {
  /** When it comes to rest by itself; absent: never. */
  readonly idle?: IdlePolicy;
  /** How many machines answer at its ports; absent: its own. */
  readonly replicas?: ReplicaPolicy;
  /** Whether the environment is started again by itself after the host went down; default `always`. */
  readonly restart?: 'always' | 'no';
  /** Whether pages of memory that equal those of other environments with the same setting are kept once; default `false`. */
  readonly mergeMemory?: true;
  readonly cpus?: number;
  readonly memoryMib?: number;
  readonly diskGib?: number;
  /** Name of the guest image to boot. */
  readonly image?: string;
  /** Container image archives to load before `up`: paths relative to the Compose file, never outside its directory. */
  readonly images: readonly string[];
  /** Ports of the host that the environment may reach, in the file's order, ranges spelled out. */
  readonly hostAccess: readonly HostPort[];
}

export interface ComposeProject {
  /** The file's own `name`. */
  readonly name?: string;
  /** Services that `up` starts, in the file's order. Those of profiles that are not active are left out. */
  readonly services: readonly ComposeService[];
  readonly berth: BerthSettings;
  /** Files of the host that it needs, in its order. */
  readonly files: readonly FileReference[];
  readonly watch: readonly WatchRule[];
  /** Its services are not all that will run: it extends or includes others, or has files beside it. Compose knows the rest. */
  readonly incomplete: boolean;
  /** Variables that the file refers to, sorted. */
  readonly variables: readonly string[];
}

/**
 * - `invalid`: the file breaks the Compose Specification (or YAML)
 * - `unsupported`: the file is right, but Berth cannot do it yet
 * - `warning`: it works, though not quite as written
 */
export type ComposeProblemKind = 'invalid' | 'unsupported' | 'warning';

export interface ComposeProblem extends Problem {
  readonly kind: ComposeProblemKind;
}

/** Which files of the host the machine will have; paths are absolute and clean. */
export interface ComposeFiles {
  /** Where relative paths start. */
  readonly directory: string;
  /** What `~` stands for. */
  readonly home?: string;
  /** Directories and files that the machine has at the same path. */
  readonly mountable: readonly string[];
}

export interface ComposeOptions {
  /** Values for `${NAME}`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Absent: the machine has no files of the host, and what needs one is refused. */
  readonly files?: ComposeFiles;
  /** Other files come beside or over this one, so that what is missing in it may be in them; false by default. */
  readonly partial?: boolean;
}

export interface ComposeReading {
  /** Present when there is no problem. */
  readonly project?: ComposeProject;
  /** Everything wrong with the file, in its order, at most {@link MAX_PROBLEMS} entries. */
  readonly problems: readonly ComposeProblem[];
  /** What is done otherwise than the file may suggest. */
  readonly warnings: readonly ComposeProblem[];
}

/** No reader wants more; the last entry says how many were left out. */
export const MAX_PROBLEMS = 100;
