import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { berthError } from '../../errors/index.ts';
import type { Volume } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { TerminalProcess } from '../terminal.ts';
import type { KeptSet } from './kept-volumes.ts';
import { chooseVolume } from './read-volumes.ts';

/** Volumes that removed environments left behind: those of one name, or all. */
export async function keptVolumesOf(context: Context, name: string | undefined): Promise<Volume[]> {
  const sets = name === undefined ? await context.keptVolumes.list() : [await context.keptVolumes.find(name)];
  return sets.flatMap((set) => (set === undefined ? [] : volumesIn(set)));
}

function volumesIn(set: KeptSet): Volume[] {
  return set.volumes.map(({ name, key, sizeBytes }) => ({
    ...{ environment: set.name, name, state: 'kept', sizeBytes, createdAt: set.createdAt, usedBy: [] },
    ...(key === undefined ? {} : { key }),
  }));
}

/** @throws `not-found`, `conflict` while an environment may be given it */
export async function removeKept(context: Context, name: string, ref: string): Promise<void> {
  const { set, volume } = await find(context, name, ref);
  const { operation } = context.registry.find(name) ?? {};
  if (operation !== undefined)
    throw berthError('conflict', `environment "${name}" is being changed by operation ${operation}`);
  await context.keptVolumes.removeVolume(set, volume);
}

/** Its archive as it lies on the host, on the standard output of what is returned. */
export async function exportKept(context: Context, name: string, ref: string): Promise<TerminalProcess> {
  const { set, volume } = await find(context, name, ref);
  const stdout = context.keptVolumes.open(set, volume);
  const stdin = new PassThrough();
  stdin.resume();
  const exit = finished(stdout, { writable: false }).then(() => 0);
  exit.catch(() => undefined);
  return { stdin, stdout, resize: () => undefined, exit, kill: () => stdout.destroy() };
}

async function find(context: Context, name: string, ref: string) {
  const set = await context.keptVolumes.find(name);
  if (set === undefined) {
    throw berthError('not-found', `no volumes of a removed environment "${name}" are kept`, {
      remedy: 'See what there is with `./berth volume ls`.',
    });
  }
  return { set, volume: chooseVolume(name, set.volumes, ref) };
}
