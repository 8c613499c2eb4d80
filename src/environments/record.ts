import type { Kept, Restoring } from './snapshots/restoring.ts';
import type { FreezePlan, MachineBoot, MachineDisk, MachineProcess, SavedState } from '../machines/index.ts';
import type { NetworkSlot } from '../network/index.ts';
import type { CachedRegistry } from '../registries/index.ts';
import { defineCollection } from '../store/index.ts';
import type {
  Environment,
  IdlePolicy,
  OperationId,
  PublishedPort,
  ReplicaPolicy,
  TemplateId,
} from '../model/index.ts';
import type { Seals } from './integrity/seals.ts';
import type { SeenVolume } from './volumes/read-volumes.ts';

/** A port that the user asked for beside those on the environment's own address. */
export interface ExtraPort {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly service: string;
  readonly containerPort: number;
}

/** What of the host's files a machine has, each at the same absolute path. */
export interface SharedFiles {
  /** The project directory is there. */
  readonly project: boolean;
  /** What `--allow-mount` named: absolute directories and files. */
  readonly mounts: readonly string[];
  /** The project has a `.env`, and it was sent. */
  readonly dotEnv?: boolean;
  /** What `~` stands for in the Compose file. */
  readonly home?: string;
}

/** What runs in an environment: the Compose file as the user gave it and the values of its variables. */
export interface Workload {
  readonly compose: string;
  /** Where the text was read from, for messages. */
  readonly composePath?: string;
  /** Absolute; relative paths of the file start here. */
  readonly projectDirectory: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Name of the Compose project in the guest: that of the first environment, kept by its forks. */
  readonly project: string;
  readonly publish: readonly ExtraPort[];
  /** `no`: it is not started again by itself after the host went down. */
  readonly restart?: 'no';
  /** Pages of its memory that equal those of others with this setting are kept once, where the host does that. */
  readonly mergeMemory?: true;
  /** Absent: it never comes to rest by itself. */
  readonly idle?: IdlePolicy;
  /** Absent: its own machine is all. */
  readonly replicas?: ReplicaPolicy;
  /** Absent: the machine has nothing of the host. */
  readonly files?: SharedFiles;
  /** The caches of container images that it may read; absent where it was made before there were any. */
  readonly registries?: readonly CachedRegistry[];
}

/** How full the disk was in the guest, when it was last asked. */
export interface MeasuredDisk {
  readonly usedBytes: number;
  readonly availableBytes: number;
  readonly measuredAt: string;
  readonly nearlyFull: boolean;
}

/** An environment as it is stored: what is shown, and what is needed to find, start and undo it. */
export interface EnvironmentRecord
  extends Omit<Environment, 'pid' | 'namespace' | 'dockerSocket' | 'storage' | 'replicas'> {
  readonly workload: Workload;
  readonly boot: MachineBoot;
  /** Ports that follow containers: those beside the ones of the Compose file. Absent while no machine runs. */
  readonly followed?: readonly PublishedPort[];
  /** The guest's mark of its containers when {@link followed} was found out. */
  readonly followedMark?: string;
  /** How many machines it is to have, where that was asked for since its Compose file said so. */
  readonly scale?: ReplicaPolicy;
  /** What its replicas are made of, while there may be some: a fork point of it. */
  readonly replicaTemplate?: TemplateId;
  /** Absent until its disk has been made. */
  readonly disk?: MachineDisk;
  /** Present as long as there is, or may be, a process. */
  readonly process?: MachineProcess;
  /** The guest's SSH host key, by which it is recognised: the line of a public key file. */
  readonly hostKey?: string;
  /** True while its machine has a process that does not answer; its state is then `degraded` for this reason. */
  readonly unresponsive?: true;
  /** When its guest restarted by itself lately, in ms since 1970. */
  readonly guestRestarts?: readonly number[];
  /** True from a restart of the guest by itself until the environment has been brought back, or that was given up. */
  readonly reviving?: true;
  readonly measuredDisk?: MeasuredDisk;
  /** Its volumes as last seen. */
  readonly volumes?: readonly SeenVolume[];
  /** Operation that last made it `running`. */
  readonly readyBy?: OperationId;
  /** Containers that were stopped for the change of a volume, and are to run again. */
  readonly halted?: readonly string[];
  /** It is only to show that a backup is good, and is removed whatever happens. */
  readonly scratch?: true;
  /** Id of the kept volumes that it has been given, until they are no longer kept. */
  readonly broughtIn?: string;
  /** Size in GiB that its disk is being given. */
  readonly resizing?: number;
  /** True from the loss of its machine with the host until the environment has been started again, or that was given up. */
  readonly returning?: true;
  /** When it was lately started again by itself after the host had gone down, in ms since 1970. */
  readonly returns?: readonly number[];
  /** Present while it is being frozen. */
  readonly freezing?: FreezePlan;
  /** Snapshots that it grew from, nearest first; some may be gone, or never have come to be. */
  readonly grownFrom?: readonly TemplateId[];
  /** True while its guest's file systems stand still for a snapshot, or may. */
  readonly quiesced?: true;
  /** Present while it is being brought back to a snapshot. */
  readonly restoring?: Restoring;
  /** What it was before a restore, until that is a snapshot. */
  readonly keeping?: Kept;
  /** The restore that has brought it back, until that operation has ended. */
  readonly restored?: OperationId;
  /** Present while layers of its disk are being merged into the top one: how many are to lie below it then. */
  readonly merging?: { readonly keep: number };
  /** Bytes that were saved of its memory when it last fell asleep. */
  readonly lastSavedBytes?: number;
  /** Of the files that it left where no machine of it runs. Absent while one may. */
  readonly seals?: Seals;
  /** Present while it is asleep: what was saved of its machine, and the network slot that waits for it. */
  readonly asleep?: { readonly saved: SavedState; readonly slot: NetworkSlot };
}

export const environmentCollection = defineCollection<EnvironmentRecord>('environments');

/** What users see of a record, with what is not written in it: the path of its endpoint, and its storage where it has a disk. */
export function viewOf(
  record: EnvironmentRecord,
  {
    storage,
    replicas,
    ...around
  }: Pick<Environment, 'dockerSocket'> & {
    readonly storage: Environment['storage'] | undefined;
    readonly replicas: Environment['replicas'] | undefined;
  },
): Environment {
  const {
    workload: _workload,
    boot: _boot,
    disk: _disk,
    process,
    hostKey: _hostKey,
    freezing: _freezing,
    unresponsive: _unresponsive,
    guestRestarts: _guestRestarts,
    reviving: _reviving,
    measuredDisk: _measuredDisk,
    resizing: _resizing,
    volumes: _volumes,
    readyBy: _readyBy,
    halted: _halted,
    broughtIn: _broughtIn,
    returning: _returning,
    returns: _returns,
    followed = [],
    followedMark: _followedMark,
    asleep: _asleep,
    lastSavedBytes: _lastSavedBytes,
    scale: _scale,
    replicaTemplate: _replicaTemplate,
    grownFrom: _grownFrom,
    quiesced: _quiesced,
    restoring: _restoring,
    restored: _restored,
    keeping: _keeping,
    merging: _merging,
    scratch: _scratch,
    seals: _seals,
    rest,
    ...kept
  } = record;
  const ports = [...kept.ports, ...followed];
  const rests = rest !== undefined && (record.state === 'frozen' || record.state === 'asleep');
  const seen = {
    ...{ ...kept, ...around, ports },
    ...(storage === undefined ? {} : { storage }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(rests ? { rest } : {}),
  };
  if (process === undefined) return seen;
  return { ...seen, pid: process.process.pid, namespace: process.slot.namespace };
}
