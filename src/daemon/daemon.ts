import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createEndpoints } from '../endpoint/index.ts';
import {
  Admission,
  BackupOperations,
  BackupPlace,
  CapacityOperations,
  type Context,
  EnvironmentOperations,
  EnvironmentRegistry,
  FileMeetings,
  hostFactsNow,
  keepClocks,
  keepIdle,
  keepScale,
  keepScrubbing,
  KeptVolumes,
  readCapacitySettings,
  recover,
  Reconciler,
  Replicas,
  RestSeals,
  ScrubOperations,
  returnLost,
  Sessions,
  Sleepers,
  keepShallow,
  Merges,
  SnapshotOperations,
  TemplateOperations,
  UseBook,
  VolumeOperations,
  WarmPools,
} from '../environments/index.ts';
import {
  acquireHomeLock,
  chmod,
  chown,
  type HomeDirectories,
  hostBootId,
  removeTree,
} from '../host/index.ts';
import { createQemuHypervisor, DEFAULT_QEMU } from '../hypervisor/index.ts';
import { createImageStore } from '../images/index.ts';
import { createIngress } from '../ingress/index.ts';
import {
  cgroupMaker,
  closeLines,
  createBaseTemplates,
  FileTrust,
  layoutOf,
  Machines,
  TemplateStore,
  VerifiedFiles,
} from '../machines/index.ts';
import { createNetworkManager, type NetworkManager, SLOT_COUNT } from '../network/index.ts';
import { createEventLog, createOperations, type EventLog } from '../operations/index.ts';
import { listenForPulls, openRegistries } from './registries.ts';
import { keepMemoryMerging, probeCacheFile } from '../setup/index.ts';
import { createServer, type Services } from '../server/index.ts';
import { openSqliteStore } from '../store/index.ts';
import { AcceleratorFinder } from './accelerator.ts';
import { CacheOperations } from './cache-service.ts';
import { keepSocket } from './keep-socket.ts';
import { loadClientKey } from './client-key.ts';
import { openDaemonLife } from './daemon-life.ts';
import { DoctorOperations } from './doctor-service.ts';
import { supportBundle } from './support-bundle.ts';
import { DaemonControl } from './daemon-service.ts';
import { addressSource, berthGroup, homeIdOf, prepareHome } from './home.ts';
import { HostOperations } from './host-service.ts';
import { ImageOperations } from './image-service.ts';
import { keepStoreBackups, storeBackupsOf } from './keep-store-backups.ts';
import { watchMachines } from './watch-machines.ts';

/** Network slots that are kept ready; each costs a namespace and about 25 ms to make. */
const READY_SLOTS = 4;
/** How long running operations may go on when the daemon is asked to stop, in ms; then they are undone. */
const CLOSE_TIMEOUT_MS = 5_000;
const QEMU = DEFAULT_QEMU;
const RECIPES = new URL('../../guest', import.meta.url).pathname;

/** A daemon that answers. */
export interface Daemon {
  /** Resolves when somebody asked it to stop. */
  readonly stopRequested: Promise<void>;
  /** Ends it; machines go on. */
  close(): Promise<void>;
}

/**
 * Puts everything together: the only place that names concrete drivers and stores.
 * @throws `daemon-locked`, `not-root`, `home-unusable`, `store-corrupt`, `store-newer`
 */
export async function startDaemon(directories: HomeDirectories, log: Logger): Promise<Daemon> {
  const { home, run } = directories;
  const lock = await acquireHomeLock(home);
  const closing = new AsyncDisposableStack();
  closing.defer(() => lock.release());
  try {
    await prepareHome(home, run);
    const accelerators = new AcceleratorFinder({ qemuPath: QEMU, cacheFile: probeCacheFile(home) });
    const { context, network } = await composeContext(directories, accelerators, log, closing);
    const reconciler = closing.use(new Reconciler(context, network));
    await context.pools.start(context);
    closing.use(context.pools);
    const control = new DaemonControl({ context, network, directories, accelerators });
    const services = openServices({ context, network, reconciler, directories, control });
    const server = await createServer({
      services,
      log,
      files: { removeTree, chmod, chown },
    });
    closing.defer(() => server.close());
    const gid = await berthGroup();
    const socket = [
      join(run, 'api.sock'),
      gid === undefined ? { mode: 0o600 } : { mode: 0o660, gid },
    ] as const;
    await server.listen(...socket);
    closing.use(keepSocket(context, server, ...socket));
    closing.use(returnLost(context));
    reconciler.start();
    log.info({ home, pid: process.pid }, 'the daemon answers');
    return { stopRequested: control.stopRequested, close: () => closing.disposeAsync() };
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}

function openServices(o: {
  readonly context: Context;
  readonly network: NetworkManager;
  readonly reconciler: Reconciler;
  readonly directories: HomeDirectories;
  readonly control: DaemonControl;
}): Services {
  const { context, network, reconciler, directories, control } = o;
  const services: Services = {
    environments: new EnvironmentOperations(context),
    templates: new TemplateOperations(context),
    snapshots: new SnapshotOperations(context),
    volumes: new VolumeOperations(context),
    backups: new BackupOperations(context),
    scrub: new ScrubOperations(context),
    images: new ImageOperations(context),
    cache: new CacheOperations(context),
    operations: operationService(context),
    events: eventService(context),
    capacity: new CapacityOperations(context),
    host: new HostOperations({ context, network, directories, qemuPath: QEMU }),
    daemon: control,
    doctor: new DoctorOperations({
      reconciler,
      operations: context.operations,
      bundle: (signal) =>
        supportBundle(
          {
            home: directories.home,
            services,
            records: () => context.registry.list(),
            environment: process.env,
          },
          signal,
        ),
    }),
  };
  return services;
}

async function composeContext(
  { home, run }: HomeDirectories,
  accelerators: AcceleratorFinder,
  log: Logger,
  closing: AsyncDisposableStack,
): Promise<{ context: Context; network: NetworkManager }> {
  const layout = layoutOf(home);
  const homeId = homeIdOf(home);
  const storeBackups = storeBackupsOf(home);
  const store = await openSqliteStore({ path: join(home, 'berth.db'), backups: storeBackups });
  closing.defer(() => store.close());
  const life = closing.use(await openDaemonLife(store));
  const onError = (error: unknown) => log.error({ err: error }, 'a record could not be written');
  const now = () => new Date();
  const events = await createEventLog({ store, now, onError });
  closing.defer(() => events.flush());
  const makeId = () => `op-${randomBytes(6).toString('hex')}`;
  const operations = await createOperations({ store, now, makeId, events, onError });
  const network = openNetwork({ homeId, runDirectory: run, log }, events);
  const hypervisor = createQemuHypervisor({ qemuPath: QEMU, cgroupFor: cgroupMaker(homeId) });
  const images = openImages(home);
  const templates = new TemplateStore(layout, openTrust(run, log, closing));
  const machines = new Machines({ hypervisor, network, templates, layout, homeId });
  const clientKey = await loadClientKey(layout.keys);
  const baseTemplates = createBaseTemplates({
    hypervisor,
    machines,
    templates,
    layout,
    accelerator: (kernelPath) => accelerators.find(kernelPath),
    clientKey,
  });
  const ingress = createIngress({ log });
  const endpoints = await openEndpoints(run, log);
  const registry = await EnvironmentRegistry.open(store, addressSource(home));
  const registries = await openRegistries({ home, run, homeId, registry, log });
  const pools = new WarmPools(store);
  const parts = { home, registry, pools, network, book: await UseBook.open(store), onError };
  const admission = closing.use(openAdmission(parts));
  const context: Context = {
    ...{ home, log, operations, events, registry, fileMeetings: new FileMeetings() },
    ...{ hypervisor, images, machines, templates, baseTemplates, ingress, endpoints, registries },
    ...{ keptVolumes: new KeptVolumes(layout.volumes), pools, admission },
    ...{ sessions: new Sessions(clientKey), sleepers: new Sleepers(() => context) },
    seals: new RestSeals(() => context),
    backups: new BackupPlace(home),
    ...{ replicas: new Replicas(() => context), merges: new Merges(() => context) },
  };
  registry.onClaim = (id) => context.merges.stop(id);
  closeLater({ network, context }, closing);
  await images.clean();
  await keepMemoryMerging(home).catch((err: unknown) => log.warn({ err }, 'equal memory is not merged'));
  await recover(context, network, { daemonEndedWell: life.lastEndedWell });
  await life.noteStart();
  closing.use(keepStoreBackups(context, store, storeBackups));
  await listenForPulls(context);
  keepAll(context, closing);
  return { context, network };
}

/** What goes on as long as the daemon lives. */
function keepAll(context: Context, closing: AsyncDisposableStack): void {
  for (const keep of [watchMachines, keepIdle, keepScale, keepShallow, keepClocks, keepScrubbing])
    closing.use(keep(context));
}

/** What lets go of the world, in the opposite order. */
function closeLater(
  { network, context }: { readonly network: NetworkManager; readonly context: Context },
  closing: AsyncDisposableStack,
): void {
  const { ingress, endpoints, registries, seals, registry, operations } = context;
  closing.defer(() => network.close());
  closing.defer(() => ingress.close());
  closing.defer(() => endpoints.closeAll());
  closing.defer(() => registries.close());
  closing.defer(() => letGo(context));
  closing.defer(() => seals.close());
  closing.defer(() => registry.flush());
  closing.defer(() => operations.close({ timeoutMs: CLOSE_TIMEOUT_MS }));
}

function openNetwork(
  o: { readonly homeId: string; readonly runDirectory: string; readonly log: Logger },
  events: EventLog,
): NetworkManager {
  const onRepair = (what: string) => events.append('host.repaired', 'network', what);
  return createNetworkManager({ ...o, poolSize: READY_SLOTS, onRepair });
}

function openTrust(run: string, log: Logger, closing: AsyncDisposableStack): FileTrust {
  const verified = new VerifiedFiles(join(run, 'verified.json'), hostBootId(), (err) =>
    log.warn({ err }, 'which files were found right could not be written down'),
  );
  closing.defer(() => verified.flush());
  return new FileTrust(verified);
}

function openImages(home: string): Context['images'] {
  return createImageStore({
    directory: join(home, 'images'),
    recipesDirectory: RECIPES,
    env: process.env,
  });
}

function openAdmission(
  o: Pick<Context, 'home' | 'registry' | 'pools'> & {
    readonly network: NetworkManager;
    readonly book: UseBook;
    readonly onError: (error: unknown) => void;
  },
): Context['admission'] {
  const { home, registry, pools, network, book, onError } = o;
  const networkSlots = () => ({ total: SLOT_COUNT, used: network.status().inUse });
  return new Admission({
    ...{ registry, pools, book, onError, settings: readCapacitySettings(process.env) },
    host: (environments) => hostFactsNow({ home, environments, networkSlots: networkSlots() }),
  });
}

/** The sockets of the environments' Docker endpoints, in a directory that only the group `berth` may enter. */
async function openEndpoints(run: string, log: Logger): Promise<Context['endpoints']> {
  const gid = await berthGroup();
  return createEndpoints({
    directory: join(run, 'docker'),
    ...(gid === undefined ? {} : { gid }),
    log,
  });
}

/** Drops the connections into the machines; the machines go on. */
function letGo(context: Context): void {
  for (const [id, { machine }] of context.sessions.all()) {
    context.sessions.remove(id);
    closeLines(machine);
    machine.running.detach();
  }
}

function operationService({ operations }: Context) {
  return {
    list: async () => operations.list(),
    get: async (id: string) => operations.get(id),
    findByKey: async (key: string) => operations.findByKey(key),
    cancel: (id: string) => operations.cancel(id),
    watch: (id: string, signal: AbortSignal) => operations.watch(id, signal),
  };
}

function eventService({ events }: Context) {
  return {
    list: async (after: number) => events.list(after),
    follow: (after: number, signal: AbortSignal) => events.follow(after, signal),
  };
}
