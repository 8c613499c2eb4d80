import { crashPoint } from '../../host/index.ts';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { berthError } from '../../errors/index.ts';
import { archiveEnd, cleanStages, openArchive, replaceFromArchive } from '../../guest/index.ts';
import type { VolumeUser } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';
import { measureStorage } from '../storage.ts';
import { type TerminalProcess, toTerminal } from '../terminal.ts';
import { chooseVolume, type LiveVolume, liveVolumes, seeVolumes } from './read-volumes.ts';

const START_TIMEOUT_MS = 30_000;
const REMOVE_TIMEOUT_MS = 60_000;
/** An import takes as long as its archive; this one is only against a client that hangs. */
const IMPORT_TIMEOUT_MS = 24 * 3_600_000;
const STOP_TIMEOUT_MS = 60_000;
const STOP_GRACE_S = 10;

/** Removes a volume that no container has. @throws `volume-in-use` naming who uses it */
export async function removeVolume(
  context: Context,
  name: string,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  const { record, volume } = await findVolume(context, name, ref, signal);
  assertUnclaimed(record);
  const { usedBy } = volume.seen;
  if (usedBy.length > 0) throw inUse(volume, usedBy, 'Remove these containers first.');
  const wait = { timeoutMs: REMOVE_TIMEOUT_MS, signal };
  await context.sessions.engine(record).removeVolume(volume.seen.name, wait);
  await seeVolumes(context, record, signal);
}

/** The content of a volume as a tar archive on the standard output of what is returned. */
export async function exportVolume(
  context: Context,
  name: string,
  ref: string,
  signal: AbortSignal,
): Promise<TerminalProcess> {
  const { record, volume } = await findVolume(context, name, ref, signal);
  const shell = context.sessions.shell(record);
  const wait = { timeoutMs: START_TIMEOUT_MS, signal };
  const process = await openArchive(shell, directoryOf(volume), wait);
  const { stderr: _said, ...streams } = toTerminal(process, false);
  return { ...streams, exit: archiveEnd(process).then(() => 0) };
}

/**
 * Replaces the content of a volume by the tar archive on the standard input of what is returned, which ends when that is done. All of it or nothing.
 * With `force`, containers that run with it are stopped for the change; without, that is refused (`volume-in-use`).
 */
export async function importVolume(
  context: Context,
  name: string,
  ref: string,
  o: { readonly force: boolean; readonly signal: AbortSignal },
): Promise<TerminalProcess> {
  const { record, volume } = await findVolume(context, name, ref, o.signal);
  assertUnclaimed(record);
  const running = runningUsers(volume);
  if (running.length > 0 && !o.force)
    throw inUse(volume, running, 'Stop these containers, or give `--force` to have them stopped for it.');
  const gone = new AbortController();
  const stdin = new PassThrough();
  stdin.on('error', () => undefined);
  const signal = AbortSignal.any([o.signal, gone.signal]);
  const stdout = new PassThrough();
  const exit = receive(context, record, volume, stdin, signal)
    .then(() => 0)
    .finally(() => {
      stdout.end();
      // What still comes is of no interest, and must not hold up the connection.
      stdin.resume();
    });
  const kill = () => {
    const reason = berthError('cancelled', 'whoever sent the archive has gone; the volume is as it was');
    gone.abort(reason);
    stdin.destroy(reason);
  };
  return { stdin, stdout, resize: () => undefined, exit, kill };
}

async function receive(
  context: Context,
  record: EnvironmentRecord,
  volume: LiveVolume,
  input: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  const session = context.sessions.get(record);
  const shell = context.sessions.shell(record);
  const stage = randomBytes(6).toString('hex');
  const wait = { timeoutMs: IMPORT_TIMEOUT_MS, signal };
  const stopped: string[] = [];
  session.imports.add(stage);
  try {
    await cleanStages(shell, [...session.imports], { timeoutMs: REMOVE_TIMEOUT_MS, signal });
    await replaceFromArchive(shell, { directory: directoryOf(volume), stage }, input, {
      ...wait,
      beforeChange: async () => {
        // Who runs with it now, which may be others than at the beginning.
        const now = chooseVolume(record.name, await forChoice(context, record, signal), volume.seen.name);
        stopped.push(...runningUsers(now.live).map(({ container }) => container));
        await context.registry.update(record.id, { halted: stopped });
        await stopContainers(context, record, stopped, signal);
        crashPoint('import.received');
      },
    });
    crashPoint('import.changed');
  } finally {
    session.imports.delete(stage);
    await startContainers(context, record, stopped);
    await context.registry.update(record.id, { halted: undefined });
  }
  await seeVolumes(context, record, signal);
  await measureStorage(context, record.id);
}

async function stopContainers(
  context: Context,
  record: EnvironmentRecord,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (names.length === 0) return;
  const argv = ['podman', 'stop', '--time', String(STOP_GRACE_S), ...names];
  await context.sessions.shell(record).exec(argv, { timeoutMs: STOP_TIMEOUT_MS, signal });
}

/** Also after a failure: who was stopped for the change runs again. */
async function startContainers(
  context: Context,
  record: EnvironmentRecord,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const argv = ['podman', 'start', ...names];
  await context.sessions.shell(record).exec(argv, { timeoutMs: STOP_TIMEOUT_MS });
}

/** Starts the containers that an earlier daemon had stopped for the change of a volume. Nothing happens when there are none. */
export async function startHalted(context: Context, id: EnvironmentRecord['id']): Promise<void> {
  const record = context.registry.find(id);
  if (record?.halted === undefined) return;
  // Without a machine they start with the next one.
  if (context.sessions.isReachable(id)) await startContainers(context, record, record.halted);
  await context.registry.update(id, { halted: undefined });
}

async function findVolume(
  context: Context,
  name: string,
  ref: string,
  signal: AbortSignal,
): Promise<{ record: EnvironmentRecord; volume: LiveVolume }> {
  const record = context.registry.get(name);
  const { live } = chooseVolume(record.name, await forChoice(context, record, signal), ref);
  return { record, volume: live };
}

async function forChoice(context: Context, record: EnvironmentRecord, signal: AbortSignal) {
  return (await liveVolumes(context, record, signal)).map((live) => ({ ...live.seen, live }));
}

function runningUsers({ seen }: LiveVolume): VolumeUser[] {
  return seen.usedBy.filter(({ running }) => running);
}

function inUse({ seen }: LiveVolume, users: readonly VolumeUser[], remedy: string): Error {
  const names = users.map(({ service, container }) => service ?? container).join(', ');
  return berthError('volume-in-use', `volume "${seen.key ?? seen.name}" is used by ${names}`, { remedy });
}

/** The directory with the content. @throws `bad-request` for a volume whose content lies elsewhere */
function directoryOf({ engine }: LiveVolume): string {
  if (engine.driver === 'local' && Object.keys(engine.options).length === 0) return engine.mountpoint;
  throw berthError(
    'bad-request',
    `volume "${engine.name}" has no content of its own: its driver has options`,
  );
}
