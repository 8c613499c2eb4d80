import { mountRefusal } from '../compose/index.ts';
import type { MountWish } from '../endpoint/index.ts';
import type { GuestShell } from '../guest/index.ts';
import { isWithin } from '../model/index.ts';
import { mountableDirectories } from './mountable-directories.ts';
import type { EnvironmentRecord } from './record.ts';

const LOOK_TIMEOUT_MS = 15_000;
/** Where tools look for the engine's own socket; it is there in every machine. */
const ENGINE_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock', '/run/podman/podman.sock'];

/**
 * Why a container that is made through the endpoint may not mount a path, and what to do instead; undefined when it may. Below the
 * machine's own directories only what is there: in place of all else the engine would make an empty directory without a word.
 */
export async function containerMountRefusal(
  shell: GuestShell,
  record: EnvironmentRecord,
  { path, isMadeWhenMissing }: MountWish,
  signal: AbortSignal,
): Promise<string | undefined> {
  const mountable = mountableDirectories(record);
  if (!path.startsWith('/')) return `"${path}" is no absolute path: name all of it`;
  const refusal = mountRefusal(path, mountable);
  if (refusal !== undefined || !isMadeWhenMissing) return refusal;
  if (mountable.some((directory) => isWithin(path, directory)) || ENGINE_SOCKETS.includes(path))
    return undefined;
  const { code } = await shell.exec(['test', '-e', path], {
    timeoutMs: LOOK_TIMEOUT_MS,
    signal,
    okExitCodes: [0, 1],
  });
  if (code === 0) return undefined;
  return `"${path}" is not there in the machine, and what this host has at that path is not shared with it: use the project directory or a named volume`;
}
