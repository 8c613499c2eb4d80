import { crashPoint } from '../../host/index.ts';
import { createHash, randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { formatBytes } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { PROJECT_LABEL, replaceFromArchive } from '../../guest/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { KeptSet, KeptVolume } from './kept-volumes.ts';

const CREATE_TIMEOUT_MS = 30_000;
const IMPORT_TIMEOUT_MS = 3_600_000;
/** Compose compares it with the file, and would make the volume anew where it differs. */
const HASH_LABEL = 'com.docker.compose.config-hash';

/**
 * Gives a new environment the volumes that an earlier one of its name left behind, before Compose looks for them. They are still kept until
 * {@link settleKept}.
 */
export async function bringInVolumes(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<void> {
  const set = await context.keptVolumes.find(record.name);
  if (set === undefined) return;
  await operation.step('volumes', 'bring in the volumes that were kept', async (step) => {
    for (const volume of set.volumes) {
      step.detail(`${volume.key ?? volume.name}, ${formatBytes(volume.sizeBytes)}`);
      await bringIn(context, record, set, volume, operation.signal);
    }
  });
  await context.registry.update(record.id, { broughtIn: set.id });
}

/** Removes kept volumes once the environment that has them is there to stay. Nothing happens while it may still be undone. */
export async function settleKept(context: Context, id: EnvironmentRecord['id']): Promise<void> {
  const record = context.registry.find(id);
  if (record?.broughtIn === undefined || record.state === 'creating' || record.state === 'removing') return;
  await context.keptVolumes.remove(record.name, record.broughtIn);
  crashPoint('up.kept-removed');
  await context.registry.update(id, { broughtIn: undefined });
}

async function bringIn(
  context: Context,
  record: EnvironmentRecord,
  set: KeptSet,
  volume: KeptVolume,
  signal: AbortSignal,
): Promise<void> {
  const { project } = record.workload;
  const engine = context.sessions.engine(record);
  const made = await engine.createVolume(
    {
      name: nameIn(project, set, volume),
      labels: labelsIn(project, set, volume),
      options: {},
    },
    { timeoutMs: CREATE_TIMEOUT_MS, signal },
  );
  const hash = createHash('sha256');
  const source = context.keptVolumes.open(set, volume);
  const input = new PassThrough();
  source.on('data', (chunk: Buffer) => hash.update(chunk));
  source.once('error', (error) => input.destroy(error));
  source.pipe(input);
  const place = { directory: made.mountpoint, stage: randomBytes(6).toString('hex') };
  await replaceFromArchive(context.sessions.shell(record), place, input, {
    timeoutMs: IMPORT_TIMEOUT_MS,
    signal,
    beforeChange: async () => {
      if (hash.digest('hex') === volume.hash) return;
      const fact = `the archive of kept volume "${volume.name}" differs from what was saved`;
      throw berthError('archive-invalid', fact, {
        remedy: `Look at it with \`./berth volume export ${set.name}/${volume.name} --kept\`, or remove it.`,
      });
    },
  });
}

/** A fork's project is that of its parent; the next environment of its name has a project of its own. */
export function nameIn(
  project: string,
  set: Pick<KeptSet, 'project'>,
  { name, key }: Pick<KeptVolume, 'name' | 'key'>,
): string {
  return key !== undefined && name === `${set.project}_${key}` ? `${project}_${key}` : name;
}

function labelsIn(project: string, set: KeptSet, { labels }: KeptVolume): Record<string, string> {
  const { [HASH_LABEL]: _hash, ...kept } = labels;
  return kept[PROJECT_LABEL] === set.project ? { ...kept, [PROJECT_LABEL]: project } : kept;
}
