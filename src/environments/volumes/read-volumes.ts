import { berthError } from '../../errors/index.ts';
import { type EngineVolume, PROJECT_LABEL, VOLUME_LABEL } from '../../guest/index.ts';
import type { Volume } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

const QUERY_TIMEOUT_MS = 30_000;
const MEASURE_TIMEOUT_MS = 120_000;

/** A volume as it was seen in a machine. */
export type SeenVolume = Omit<Volume, 'environment' | 'state'>;

/** A volume of a running machine, with what is needed to work with it. */
export interface LiveVolume {
  readonly seen: SeenVolume;
  readonly engine: EngineVolume;
}

/** Volumes of an environment: as they are when its machine runs, else as they were last seen. */
export async function volumesOf(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<Volume[]> {
  const isLive = context.sessions.isReachable(record.id);
  const seen = isLive ? await seeVolumes(context, record, signal) : (record.volumes ?? []);
  const state = isLive ? 'live' : 'stopped';
  return seen.map((volume) => ({ environment: record.name, ...volume, state }));
}

/** Looks at the volumes of a running machine, and remembers them for the time when it does not run. */
export async function seeVolumes(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<readonly SeenVolume[]> {
  const volumes = (await liveVolumes(context, record, signal)).map(({ seen }) => seen);
  await context.registry.update(record.id, { volumes }, { durability: 'relaxed' });
  return volumes;
}

/** One volume by its name in the machine or in the Compose file. @throws `not-found` naming those that there are */
export function chooseVolume<One extends { readonly name: string; readonly key?: string }>(
  environment: string,
  volumes: readonly One[],
  ref: string,
): One {
  const found = volumes.find(({ name }) => name === ref) ?? volumes.find(({ key }) => key === ref);
  if (found !== undefined) return found;
  const names = volumes.map(({ name, key }) => key ?? name).join(', ') || 'none';
  throw berthError(
    'not-found',
    `environment "${environment}" has no volume "${ref}"; its volumes: ${names}`,
    { remedy: `See them with \`./berth volume ls ${environment}\`.` },
  );
}

/** Volumes of a running machine by name. @throws `not-running` */
export async function liveVolumes(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<LiveVolume[]> {
  const engine = context.sessions.engine(record);
  const wait = { timeoutMs: QUERY_TIMEOUT_MS, signal };
  const [volumes, users] = await Promise.all([engine.volumes(wait), engine.volumeUsers(wait)]);
  const sizes = await sizesOf(context, record, volumes, signal);
  return volumes
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((volume) => {
      const usedBy = users
        .filter((user) => user.volumes.includes(volume.name))
        .map(({ volumes: _volumes, ...user }) => user);
      const key = keyOf(volume, record.workload.project);
      const seen = {
        name: volume.name,
        ...(key === undefined ? {} : { key }),
        sizeBytes: sizes.get(volume.mountpoint) ?? 0,
        ...(volume.createdAt === undefined ? {} : { createdAt: volume.createdAt }),
        usedBy,
      };
      return { engine: volume, seen };
    });
}

/** A volume of another project has no name in this environment's file. */
function keyOf({ labels }: EngineVolume, project: string): string | undefined {
  return labels[PROJECT_LABEL] === project ? labels[VOLUME_LABEL] : undefined;
}

async function sizesOf(
  context: Context,
  record: EnvironmentRecord,
  volumes: readonly EngineVolume[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const directories = volumes.map(({ mountpoint }) => mountpoint).filter((path) => path.startsWith('/'));
  if (directories.length === 0) return new Map();
  const argv = ['du', '--summarize', '--block-size=1', '--one-file-system', '--null', '--', ...directories];
  // Files that go while it looks make it fail; what it counted stands.
  const options = { timeoutMs: MEASURE_TIMEOUT_MS, signal, okExitCodes: [0, 1] };
  const { stdout } = await context.sessions.shell(record).exec(argv, options);
  return new Map(
    stdout.split('\0').flatMap((line) => {
      const [bytes, path] = line.split('\t');
      return path === undefined ? [] : [[path, Number(bytes)] as const];
    }),
  );
}
