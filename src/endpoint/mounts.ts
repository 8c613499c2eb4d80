import { posix } from 'node:path';
import type { MountWish } from './backend.ts';

/** A mount of a path that lies outside of containers, with the place in the request that asks for it. */
export interface NamedMount extends MountWish {
  /** Such as `HostConfig.Binds[0]`. */
  readonly field: string;
}

/** Requests whose body can mount paths. */
export type MountRequest = 'container' | 'volume';

/** Which kind of such a request this is; undefined for all others. Docker's paths and Podman's own, with or without a version. */
export function mountRequestOf(
  method: string | undefined,
  url: string | undefined,
): MountRequest | undefined {
  if (method !== 'POST') return undefined;
  const path = posix.normalize((url ?? '').split('?')[0] ?? '');
  const [, noun] = /^(?:\/v[0-9.]+)?(?:\/libpod)?\/(containers|volumes)\/create$/.exec(path) ?? [];
  if (noun === undefined) return undefined;
  return noun === 'containers' ? 'container' : 'volume';
}

/** Every path that a request of this kind would mount. What has not the form it should have is left to the engine to refuse. */
export function mountsOf(kind: MountRequest, body: unknown): NamedMount[] {
  return kind === 'volume' ? volumeMounts(body) : containerMounts(body);
}

function containerMounts(body: unknown): NamedMount[] {
  const host = field(body, 'HostConfig');
  return [
    ...listOf(host, 'Binds').flatMap((bind, index) => bindMount(bind, `HostConfig.Binds[${index}]`)),
    ...listOf(host, 'Mounts').flatMap((mount, index) => longMount(mount, `HostConfig.Mounts[${index}]`)),
    // Podman's own form.
    ...listOf(body, 'mounts').flatMap((mount, index) => longMount(mount, `mounts[${index}]`)),
  ];
}

/** `SOURCE:TARGET[:OPTIONS]`; a source that is no path is the name of a volume. */
function bindMount(bind: unknown, place: string): NamedMount[] {
  if (typeof bind !== 'string') return [];
  const [source = '', target] = bind.split(':');
  return target === undefined ? [] : wish(source, place, true);
}

function longMount(mount: unknown, place: string): NamedMount[] {
  const type = textAt(mount, 'Type', 'type');
  if (type === 'bind') {
    const makes = field(field(mount, 'BindOptions'), 'CreateMountpoint') === true;
    return wish(textAt(mount, 'Source', 'source'), place, makes);
  }
  const options = field(field(field(mount, 'VolumeOptions'), 'DriverConfig'), 'Options');
  return type === 'volume' ? deviceMount(options, `${place}.VolumeOptions.DriverConfig.Options`) : [];
}

function volumeMounts(body: unknown): NamedMount[] {
  return ['DriverOpts', 'Options'].flatMap((key) => deviceMount(field(body, key), key));
}

/** The `local` driver mounts `device`; for a bind that is a path of the machine's own files. */
function deviceMount(options: unknown, place: string): NamedMount[] {
  const flags = (textAt(options, 'o') ?? '').split(',');
  const type = textAt(options, 'type') ?? '';
  const binds = flags.includes('bind') || flags.includes('rbind') || type === 'bind' || type === 'none';
  return binds ? wish(textAt(options, 'device'), `${place}.device`, false) : [];
}

function wish(source: string | undefined, place: string, isMadeWhenMissing: boolean): NamedMount[] {
  if (source === undefined || !isPath(source)) return [];
  // `C:\work` and the like stay as they are, and are refused as they stand.
  const path = source.startsWith('/') ? posix.normalize(source).replace(/(.)\/+$/, '$1') : source;
  return [{ path, field: place, isMadeWhenMissing }];
}

function isPath(source: string): boolean {
  return /^[/.~]/.test(source) || source.includes('\\');
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function listOf(value: unknown, key: string): readonly unknown[] {
  const list = field(value, key);
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  return keys.map((key) => field(value, key)).find((found) => typeof found === 'string');
}
