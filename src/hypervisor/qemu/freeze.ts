import { deadlineSignal, poll } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { allocatedBytes, lackIn } from '../../host/index.ts';
import type { FreezeOptions, FreezeReport, SaveOptions, SaveReport } from '../hypervisor.ts';
import { diskNode, layerName, MEMORY_ID } from './argv.ts';
import { prepareForMapping } from './mapped-ram.ts';
import type { QmpClient } from './qmp/client.ts';
import type { QmpEvent } from './qmp/protocol.ts';

/** A freeze writes guest memory once; far longer than any disk takes for it. */
const FREEZE_TIMEOUT_MS = 120_000;
/** The guest keeps running until what is left to save fits into this pause, in ms. */
const DOWNTIME_LIMIT_MS = 100;
/** How long QEMU may refuse to go on after a state is complete, in ms. */
const CONTINUE_TIMEOUT_MS = 10_000;
/** No limit: the state goes to a local file. In bytes per second. */
const MAX_BANDWIDTH = 64 * 1024 ** 3;

/**
 * Saves a machine while it runs: memory is written to its fixed place in the file page by page, then the machine
 * pauses for what changed meanwhile, its disk gets a new top layer, and it goes on.
 */
export async function freezeMachine(
  client: QmpClient,
  memoryBytes: number,
  options: FreezeOptions,
): Promise<FreezeReport> {
  const signal = deadlineSignal(FREEZE_TIMEOUT_MS, options.signal);
  const events: QmpEvent[] = [];
  const off = client.onEvent((event) => events.push(event));
  try {
    await setUp(client, { pauses: true });
    await saveState(client, options, signal);
  } finally {
    await goOn(client);
    off();
    await tearDown(client).catch(() => undefined);
  }
  const region = await prepareForMapping(options.statePath, MEMORY_ID, memoryBytes);
  return {
    pausedMs: pauseOf(events),
    memoryOffset: region.memoryOffset,
    stateBytes: await allocatedBytes(options.statePath),
  };
}

/** Saves a machine that stands still from now on, and leaves its disk as it is; what fails lets it run. */
export async function saveMachine(
  client: QmpClient,
  memoryBytes: number,
  { statePath, signal }: SaveOptions,
): Promise<SaveReport> {
  const within = deadlineSignal(FREEZE_TIMEOUT_MS, signal);
  try {
    await client.send('stop');
    await setUp(client, { pauses: false });
    const completed = migrationStatus(client, 'completed', within);
    completed.catch(() => undefined);
    await client.send('migrate', { uri: `file:${statePath}` });
    await completed;
    const { memoryOffset } = await prepareForMapping(statePath, MEMORY_ID, memoryBytes);
    within.throwIfAborted();
    return { memoryOffset, stateBytes: await allocatedBytes(statePath) };
  } catch (error) {
    await goOn(client);
    await tearDown(client).catch(() => undefined);
    throw error;
  }
}

async function setUp(client: QmpClient, { pauses }: { readonly pauses: boolean }): Promise<void> {
  await setCapabilities(client, { mappedRam: true, pauses });
  await client.send('migrate-set-parameters', {
    'max-bandwidth': MAX_BANDWIDTH,
    'downtime-limit': DOWNTIME_LIMIT_MS,
  });
}

async function tearDown(client: QmpClient): Promise<void> {
  await setCapabilities(client, { mappedRam: false, pauses: false });
}

async function setCapabilities(
  client: QmpClient,
  { mappedRam, pauses }: { readonly mappedRam: boolean; readonly pauses: boolean },
): Promise<void> {
  await client.send('migrate-set-capabilities', {
    capabilities: [
      { capability: 'mapped-ram', state: mappedRam },
      { capability: 'events', state: true },
      { capability: 'pause-before-switchover', state: pauses },
    ],
  });
}

async function saveState(client: QmpClient, options: FreezeOptions, signal: AbortSignal): Promise<void> {
  const paused = migrationStatus(client, 'pre-switchover', signal);
  await client.send('migrate', { uri: `file:${options.statePath}` });
  await paused;
  // The guest stands still from here to `cont`, and nothing is in flight: disk and memory are of one moment.
  await addDiskLayer(client, options.overlayPath);
  const completed = migrationStatus(client, 'completed', signal);
  await client.send('migrate-continue', { state: 'pre-switchover' });
  await completed;
}

/** States of a migration in which it is still doing something. */
const BUSY = new Set(['setup', 'active', 'pre-switchover', 'device', 'cancelling']);

/**
 * Ends a save that may be under way, and lets the guest run again, or stand still, whatever has happened. QEMU tells that the state is
 * complete a moment before it takes `cont`, so a refusal is only believed when it lasts.
 */
export async function goOn(client: QmpClient, then: 'cont' | 'stop' = 'cont'): Promise<void> {
  await poll(
    async () => {
      try {
        const { status } = await client.send('query-migrate');
        if (status === undefined || !BUSY.has(status)) return await client.send(then);
        if (status !== 'cancelling') await client.send('migrate_cancel');
      } catch (error) {
        // Without a monitor there is nobody to ask again.
        if (client.isClosed) throw error;
      }
      return undefined;
    },
    { timeoutMs: CONTINUE_TIMEOUT_MS, intervalMs: 1, what: 'the machine to go on after it was saved' },
  );
}

async function addDiskLayer(client: QmpClient, overlayPath: string): Promise<void> {
  const node = await topLayer(client);
  const overlay = layerName(overlayPath);
  await client.send('blockdev-add', { ...diskNode(overlayPath), backing: null });
  try {
    await client.send('blockdev-snapshot', { node, overlay });
  } catch (error) {
    await client.send('blockdev-del', { 'node-name': overlay }).catch(() => undefined);
    throw error;
  }
}

/** Name of the block node that the guest's disk writes to now: the one with a device on top of it. */
export async function topLayer(client: QmpClient): Promise<string> {
  for (const { qdev, inserted } of await client.send('query-block')) {
    const node = inserted?.['node-name'];
    if (qdev !== undefined && node !== undefined) return node;
  }
  throw berthError('hypervisor-failed', 'the machine has no disk');
}

async function migrationStatus(client: QmpClient, wanted: string, signal: AbortSignal): Promise<void> {
  const event = await client.waitFor(
    ({ event, data }) =>
      event === 'MIGRATION' && [wanted, 'failed', 'cancelled'].includes(String(data['status'])),
    signal,
  );
  if (event.data['status'] === wanted) return;
  const info = await client.send('query-migrate');
  const reason = info['error-desc'] ?? 'no reason given';
  throw berthError(lackIn(reason) ?? 'hypervisor-failed', `QEMU could not save the machine: ${reason}`);
}

/** Time between QEMU's STOP and RESUME events, in ms, by QEMU's clock. */
function pauseOf(events: readonly QmpEvent[]): number {
  const stop = events.find(({ event }) => event === 'STOP');
  const resume = events.findLast(({ event }) => event === 'RESUME');
  if (stop === undefined || resume === undefined) return 0;
  return Math.max(0, resume.atMs - stop.atMs);
}
