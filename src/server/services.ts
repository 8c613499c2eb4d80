import type { Readable, Writable } from 'node:stream';
import type {
  BackupQuery,
  BackupRequest,
  CachePruneRequest,
  CapacityQuery,
  DaemonStatus,
  RegistriesRequest,
  ForkRequest,
  ImageBuildRequest,
  LifecycleRequest,
  ScaleRequest,
  SleepRequest,
  LogLine,
  PruneBackupsRequest,
  PurgeRequest,
  RepositoryRequest,
  RestoreRequest,
  VerifyBackupRequest,
  ResizeRequest,
  RestoreBackupRequest,
  SetupPlan,
  SetupRequest,
  SnapshotRequest,
  TemplateRequest,
  WarmRequest,
  UpRequest,
  VersionInfo,
} from '../contract/index.ts';
import type {
  Backup,
  BackupRepository,
  BerthEvent,
  CapacityReport,
  DoctorReport,
  ImageCache,
  Environment,
  EnvironmentStats,
  HostReport,
  Image,
  Operation,
  ScrubReport,
  ServiceStatus,
  Snapshot,
  SnapshotDiff,
  Template,
  Volume,
} from '../model/index.ts';

/** What comes with a call that starts an operation. */
export interface StartOptions {
  /** By `formatRequestKey`. A second call with the same key returns the operation of the first. */
  readonly idempotencyKey?: string;
}

/** A process in a container or machine with its streams. */
export interface InteractiveProcess {
  readonly stdin: Writable;
  /** With a terminal everything arrives here. */
  readonly stdout: Readable;
  /** Absent with a terminal. */
  readonly stderr?: Readable;
  /** Tell the terminal its size; without a terminal it does nothing. */
  resize(rows: number, columns: number): void;
  /** Exit code; rejects when the connection to the process is lost. */
  readonly exit: Promise<number>;
  /** End the process and its connection; may be called twice. */
  kill(): void;
}

export interface TerminalOptions {
  readonly tty: boolean;
  /** Only meant with `tty`. */
  readonly rows: number;
  /** Only meant with `tty`. */
  readonly columns: number;
}

export interface ExecOptions extends TerminalOptions {
  /** Compose service in whose container the command runs. */
  readonly service: string;
  readonly argv: readonly string[];
}

export interface ShellOptions extends TerminalOptions {
  /** Command to run in the machine; a login shell when absent. */
  readonly argv?: readonly string[];
}

export interface LogOptions {
  /** Only this service; all when absent. */
  readonly service?: string;
  /** Go on until `signal`. */
  readonly follow: boolean;
  /** Last lines of each service; all when absent. */
  readonly tail?: number;
  /** Fill {@link LogLine.at}. */
  readonly timestamps: boolean;
  /** Ends the stream; iteration then returns without an error. */
  readonly signal: AbortSignal;
}

export interface FilesOptions {
  /** The `up` that waits for the files; without it the machine runs already. */
  readonly operation?: string;
  /** Generation whose list the caller has. */
  readonly known?: string;
  /** Do with the changes what `develop.watch` says. */
  readonly actions: boolean;
}

/** Environments. `name` is a name or an id; what is not there is `not-found`. */
export interface EnvironmentService {
  list(): Promise<readonly Environment[]>;
  get(name: string): Promise<Environment>;
  /** Checks all that can be checked without a side effect, records the operation, and returns while it runs. */
  up(request: UpRequest, options: StartOptions): Promise<Operation>;
  /** @param request `keepVolumes`: for the next environment of its name */
  remove(
    name: string,
    request: { readonly keepVolumes?: boolean | undefined },
    options: StartOptions,
  ): Promise<Operation>;
  start(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation>;
  stop(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation>;
  sleep(name: string, request: SleepRequest, options: StartOptions): Promise<Operation>;
  wake(name: string, options: StartOptions): Promise<Operation>;
  scale(name: string, request: ScaleRequest, options: StartOptions): Promise<Operation>;
  restart(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation>;
  resize(name: string, request: ResizeRequest, options: StartOptions): Promise<Operation>;
  trim(name: string, options: StartOptions): Promise<Operation>;
  fork(request: ForkRequest, options: StartOptions): Promise<Operation>;
  stats(name: string): Promise<EnvironmentStats>;
  /** Of every environment whose machine runs. */
  allStats(): Promise<readonly EnvironmentStats[]>;
  /** Asks the machine; `not-running` when there is none. */
  services(name: string, signal: AbortSignal): Promise<readonly ServiceStatus[]>;
  /** Rejects before the first line when the environment or service is not there. */
  logs(name: string, options: LogOptions): Promise<AsyncIterable<LogLine>>;
  /** The machine's console, also of one that crashed. @param tailBytes all that is kept when absent */
  console(name: string, tailBytes?: number): Promise<string>;
  exec(name: string, options: ExecOptions, signal: AbortSignal): Promise<InteractiveProcess>;
  shell(name: string, options: ShellOptions, signal: AbortSignal): Promise<InteractiveProcess>;
  /** One exchange of files; its streams speak the messages that the contract describes. */
  files(name: string, options: FilesOptions, signal: AbortSignal): Promise<InteractiveProcess>;
}

/** Which volume is meant. */
export interface VolumeOptions {
  /** The one that a removed environment of this name left behind. */
  readonly kept: boolean;
  readonly signal: AbortSignal;
}

/** Volumes of environments. `volume` is a name in the Compose file or in the machine. */
export interface VolumeService {
  /** Of all environments when `environment` is absent. */
  list(environment: string | undefined, signal: AbortSignal): Promise<readonly Volume[]>;
  get(environment: string, volume: string, options: VolumeOptions): Promise<Volume>;
  /** `volume-in-use` while a container has it. */
  remove(environment: string, volume: string, options: VolumeOptions): Promise<void>;
  /** A tar archive on its standard output. */
  export(environment: string, volume: string, options: VolumeOptions): Promise<InteractiveProcess>;
  /** Takes a tar archive on its standard input; what it replaces changes at the end, or not at all. */
  import(
    environment: string,
    volume: string,
    options: { readonly force: boolean; readonly signal: AbortSignal },
  ): Promise<InteractiveProcess>;
}

/** Backups and their repositories. `ref` is the id of a backup, or the name of an environment for its newest one. */
export interface BackupService {
  repositories(): Promise<readonly BackupRepository[]>;
  /** Makes one known; one that is not there yet is made. */
  addRepository(request: RepositoryRequest, signal: AbortSignal): Promise<BackupRepository>;
  /** Forgets it here; what is in it stays. */
  removeRepository(name: string): Promise<void>;
  /** Oldest first. */
  list(query: BackupQuery, signal: AbortSignal): Promise<readonly Backup[]>;
  /** Stores an environment as it is at one moment. */
  create(request: BackupRequest, options: StartOptions): Promise<Operation>;
  verify(ref: string, request: VerifyBackupRequest, options: StartOptions): Promise<Operation>;
  /** Makes an environment of it; `name-taken` when there is one of its name. */
  restore(ref: string, request: RestoreBackupRequest, options: StartOptions): Promise<Operation>;
  prune(request: PruneBackupsRequest, options: StartOptions): Promise<Operation>;
  remove(ref: string, repository: string | undefined, signal: AbortSignal): Promise<void>;
}

/** Whether what is saved on disk is still what was saved. */
export interface ScrubService {
  /** What was found last; `not-found` when nothing was read yet. */
  report(): Promise<ScrubReport>;
  start(options: StartOptions): Promise<Operation>;
}

export interface TemplateService {
  list(): Promise<readonly Template[]>;
  /** Freezes a running environment, which goes on running. */
  create(request: TemplateRequest, options: StartOptions): Promise<Operation>;
  /** Keeps forks of it ready; `bad-request` when it holds no environment. @param ref name or id */
  warm(ref: string, request: WarmRequest): Promise<Template>;
  /** `template-in-use` while something needs it. @param ref name or id */
  remove(ref: string): Promise<void>;
}

/** Snapshots of environments. `environment` and `snapshot` are names or ids. */
export interface SnapshotService {
  /** Of all environments when `environment` is absent. */
  list(environment?: string): Promise<readonly Snapshot[]>;
  create(environment: string, request: SnapshotRequest, options: StartOptions): Promise<Operation>;
  restore(
    environment: string,
    snapshot: string,
    request: RestoreRequest,
    options: StartOptions,
  ): Promise<Operation>;
  /** @param to another snapshot; absent: the environment as it is now */
  diff(environment: string, snapshot: string, to?: string): Promise<SnapshotDiff>;
  /** `conflict` while an operation works on the environment. */
  remove(environment: string, snapshot: string): Promise<void>;
}

export interface ImageService {
  list(): Promise<readonly Image[]>;
  /** `image-unknown` when there is none. @param ref id, or name for the newest of that name */
  get(ref: string): Promise<Image>;
  /** @param name name of a recipe */
  build(name: string, request: ImageBuildRequest, options: StartOptions): Promise<Operation>;
  /** `image-in-use` while something needs it. */
  remove(ref: string): Promise<void>;
}

export interface CacheService {
  list(): Promise<readonly ImageCache[]>;
  /** Takes images out that were not used for a while and frees their disk space. */
  prune(request: CachePruneRequest, options: StartOptions): Promise<Operation>;
  /** Hosts of the registries that a Compose file pulls from; none when it cannot be read. */
  needed(request: RegistriesRequest): Promise<readonly string[]>;
}

export interface OperationService {
  /** Newest first. */
  list(): Promise<readonly Operation[]>;
  get(id: string): Promise<Operation>;
  /** The operation that was started with this idempotency key, while it is kept. @throws `key-reused` when that was another request */
  findByKey(key: string): Promise<Operation | undefined>;
  /** Returns at once; the operation undoes what it did before it ends. One that has ended is returned as it is. */
  cancel(id: string): Promise<Operation>;
  /** The operation now and after every change; ends when it has ended or at `signal`. `not-found` at once. */
  watch(id: string, signal: AbortSignal): AsyncIterable<Operation>;
}

export interface EventService {
  /** Every kept event with a sequence above `after`, oldest first. */
  list(after: number): Promise<readonly BerthEvent[]>;
  /** The same, and then each new one until `signal`. */
  follow(after: number, signal: AbortSignal): AsyncIterable<BerthEvent>;
}

export interface DoctorService {
  /** What differs; changes nothing. */
  report(): Promise<DoctorReport>;
  repair(options: StartOptions): Promise<Operation>;
  /** A tar.gz archive on its standard output. */
  bundle(signal: AbortSignal): Promise<InteractiveProcess>;
}

export interface HostService {
  report(signal: AbortSignal): Promise<HostReport>;
  plan(signal: AbortSignal): Promise<SetupPlan>;
  setup(request: SetupRequest, options: StartOptions): Promise<Operation>;
}

export interface CapacityService {
  /** How many more machines fit; `bad-request` when shape and source are both given or cannot be read, `not-found` for a source. */
  report(query: CapacityQuery, signal: AbortSignal): Promise<CapacityReport>;
}

export interface DaemonService {
  version(): Promise<VersionInfo>;
  status(): Promise<DaemonStatus>;
  /** Called after the answer has been sent; returns at once. */
  requestStop(): void;
  purge(request: PurgeRequest, options: StartOptions): Promise<Operation>;
}

/** All that the server calls; the daemon wires it. */
export interface Services {
  readonly environments: EnvironmentService;
  readonly templates: TemplateService;
  readonly snapshots: SnapshotService;
  readonly volumes: VolumeService;
  readonly backups: BackupService;
  readonly scrub: ScrubService;
  readonly images: ImageService;
  readonly cache: CacheService;
  readonly operations: OperationService;
  readonly events: EventService;
  readonly doctor: DoctorService;
  readonly host: HostService;
  readonly capacity: CapacityService;
  readonly daemon: DaemonService;
}
