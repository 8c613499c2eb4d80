import type { FileExchange } from './file-exchange.ts';
import type {
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
  PurgeRequest,
  ResizeRequest,
  SetupPlan,
  TemplateRequest,
  WarmRequest,
  UpRequest,
  VersionInfo,
} from '../contract/index.ts';
import type {
  BerthEvent,
  CapacityReport,
  DoctorReport,
  ImageCache,
  Environment,
  EnvironmentStats,
  HostReport,
  Image,
  Operation,
  ServiceStatus,
  Template,
  Volume,
} from '../model/index.ts';

/** What every call takes. A failure is a `BerthError` with the daemon's code, message and remedy. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Deadline of the call, default 60 000 ms; streams have none. */
  readonly timeoutMs?: number;
}

/** What a call that starts an operation takes. */
export interface StartCallOptions extends CallOptions {
  /** The same key gives the same operation; default: a new one for each call, so that a repeated try is safe. */
  readonly idempotencyKey?: string;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Called with the operation at first and on every change. */
  readonly onUpdate?: (operation: Operation) => void;
}

export interface StreamOptions {
  /** Ends the stream; iteration then returns without an error. */
  readonly signal?: AbortSignal;
}

export interface LogQuery extends StreamOptions {
  readonly service?: string;
  readonly follow?: boolean;
  /** Only the last lines of each service. */
  readonly tail?: number;
  readonly timestamps?: boolean;
}

export interface TerminalQuery {
  readonly tty?: boolean;
  readonly rows?: number;
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

/** A running process at the other end of a WebSocket. */
export interface RemoteProcess {
  /** What it writes, in order, until it ends. One reader only; must be read for {@link exit} to settle. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }>;
  /** Exit code; rejects with a `BerthError` when it could not be started or the connection was lost. */
  readonly exit: Promise<number>;
  write(data: Uint8Array): Promise<void>;
  /** Close its standard input. */
  end(): Promise<void>;
  resize(rows: number, columns: number): Promise<void>;
  /** Leave; the process is ended. May be called twice. */
  close(): void;
}

export interface FilesQuery {
  /** An `up` that waits for the files. */
  readonly operation?: string;
  /** Generation whose list is known already. */
  readonly known?: string;
  /** Do what `develop.watch` says. */
  readonly actions?: boolean;
  readonly signal?: AbortSignal;
}

export interface EnvironmentsApi {
  list(options?: CallOptions): Promise<readonly Environment[]>;
  get(name: string, options?: CallOptions): Promise<Environment>;
  up(request: UpRequest, options?: StartCallOptions): Promise<Operation>;
  fork(request: ForkRequest, options?: StartCallOptions): Promise<Operation>;
  start(name: string, request?: LifecycleRequest, options?: StartCallOptions): Promise<Operation>;
  stop(name: string, request?: LifecycleRequest, options?: StartCallOptions): Promise<Operation>;
  restart(name: string, request?: LifecycleRequest, options?: StartCallOptions): Promise<Operation>;
  /** Brings it to rest; the next connection wakes it. */
  sleep(name: string, request?: SleepRequest, options?: StartCallOptions): Promise<Operation>;
  wake(name: string, options?: StartCallOptions): Promise<Operation>;
  /** Lets so many machines answer at its ports. */
  scale(name: string, request: ScaleRequest, options?: StartCallOptions): Promise<Operation>;
  remove(name: string, options?: StartCallOptions & { readonly keepVolumes?: boolean }): Promise<Operation>;
  resize(name: string, request: ResizeRequest, options?: StartCallOptions): Promise<Operation>;
  /** The operation's step `trim` says what came back. */
  trim(name: string, options?: StartCallOptions): Promise<Operation>;
  stats(name: string, options?: CallOptions): Promise<EnvironmentStats>;
  allStats(options?: CallOptions): Promise<readonly EnvironmentStats[]>;
  /** State of its services, asked of the machine now. */
  services(name: string, options?: CallOptions): Promise<readonly ServiceStatus[]>;
  logs(name: string, query?: LogQuery): AsyncIterable<LogLine>;
  /** @param tailBytes all that is kept when absent */
  console(name: string, tailBytes?: number, options?: CallOptions): Promise<string>;
  exec(name: string, service: string, argv: readonly string[], query?: TerminalQuery): Promise<RemoteProcess>;
  /** One exchange of files. */
  files(name: string, query?: FilesQuery): Promise<FileExchange>;
  /** @param argv a login shell when absent */
  shell(name: string, argv?: readonly string[], query?: TerminalQuery): Promise<RemoteProcess>;
}

export interface TemplatesApi {
  list(options?: CallOptions): Promise<readonly Template[]>;
  create(request: TemplateRequest, options?: StartCallOptions): Promise<Operation>;
  warm(ref: string, request: WarmRequest, options?: CallOptions): Promise<Template>;
  remove(ref: string, options?: CallOptions): Promise<void>;
}

/** Which of two volumes of a name is meant. */
export interface KeptQuery {
  /** The one that a removed environment of this name left behind. */
  readonly kept?: boolean;
}

export interface VolumesApi {
  list(query?: { readonly environment?: string }, options?: CallOptions): Promise<readonly Volume[]>;
  get(environment: string, volume: string, options?: CallOptions & KeptQuery): Promise<Volume>;
  remove(environment: string, volume: string, options?: CallOptions & KeptQuery): Promise<void>;
  /** The archive is its standard output; it is whole only when `exit` gives 0. */
  export(
    environment: string,
    volume: string,
    query?: KeptQuery & { readonly signal?: AbortSignal },
  ): Promise<RemoteProcess>;
  /** The archive is its standard input; after `end()`, `exit` tells when the content has changed. */
  import(
    environment: string,
    volume: string,
    query?: { readonly force?: boolean; readonly signal?: AbortSignal },
  ): Promise<RemoteProcess>;
}

export interface ImagesApi {
  list(options?: CallOptions): Promise<readonly Image[]>;
  get(ref: string, options?: CallOptions): Promise<Image>;
  build(name: string, request?: ImageBuildRequest, options?: StartCallOptions): Promise<Operation>;
  remove(ref: string, options?: CallOptions): Promise<void>;
}

export interface CacheApi {
  list(options?: CallOptions): Promise<readonly ImageCache[]>;
  prune(request?: CachePruneRequest, options?: StartCallOptions): Promise<Operation>;
  /** Hosts of the registries that a Compose file pulls from. */
  needed(request: RegistriesRequest, options?: CallOptions): Promise<readonly string[]>;
}

export interface OperationsApi {
  list(options?: CallOptions): Promise<readonly Operation[]>;
  get(id: string, options?: CallOptions): Promise<Operation>;
  cancel(id: string, options?: CallOptions): Promise<Operation>;
  /** The operation now and on every change until it ends; reconnects by itself. */
  watch(id: string, options?: StreamOptions): AsyncIterable<Operation>;
}

export interface EventsApi {
  /** Kept events after `after`; with `follow` also those to come, across lost connections. */
  stream(
    query?: StreamOptions & { readonly follow?: boolean; readonly after?: number },
  ): AsyncIterable<BerthEvent>;
}

export interface DoctorApi {
  /** What differs between what is written down and what is on the host. */
  report(options?: CallOptions): Promise<DoctorReport>;
  repair(options?: StartCallOptions): Promise<Operation>;
  /** The archive is its standard output; it is whole only when `exit` gives 0. */
  bundle(query?: { readonly signal?: AbortSignal }): Promise<RemoteProcess>;
}

export interface HostApi {
  report(options?: CallOptions): Promise<HostReport>;
  setupPlan(options?: CallOptions): Promise<SetupPlan>;
  setup(options?: StartCallOptions): Promise<Operation>;
}

export interface CapacityApi {
  /** How many more machines fit, what limits, and what would be if. */
  report(query?: CapacityQuery, options?: CallOptions): Promise<CapacityReport>;
}

export interface DaemonApi {
  status(options?: CallOptions): Promise<DaemonStatus>;
  /** Resolves when the daemon has accepted it, not when it is gone. */
  stop(options?: CallOptions): Promise<void>;
  purge(request?: PurgeRequest, options?: StartCallOptions): Promise<Operation>;
}

/** The whole API of a daemon. */
export interface Client {
  version(options?: CallOptions): Promise<VersionInfo>;
  /**
   * Wait until an operation has ended, in whatever state; look at its `state` and `error`.
   * Aborting `signal` ends the wait and leaves the operation running.
   */
  waitOperation(id: string, options?: WaitOptions): Promise<Operation>;
  /** The same, but throws the failure of an operation that failed or was cancelled. */
  finishOperation(id: string, options?: WaitOptions): Promise<Operation>;
  readonly daemon: DaemonApi;
  readonly doctor: DoctorApi;
  readonly host: HostApi;
  readonly capacity: CapacityApi;
  readonly images: ImagesApi;
  readonly cache: CacheApi;
  readonly templates: TemplatesApi;
  readonly volumes: VolumesApi;
  readonly environments: EnvironmentsApi;
  readonly operations: OperationsApi;
  readonly events: EventsApi;
}
