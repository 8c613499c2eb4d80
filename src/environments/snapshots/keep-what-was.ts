import { crashPoint } from '../../host/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import type { Context } from '../context.ts';

/** Makes a snapshot of what an environment was before a restore. Done already, or not wanted: nothing happens. */
export async function keepWhatWas(context: Context, id: EnvironmentId, signal: AbortSignal): Promise<void> {
  const { keeping } = context.registry.get(id);
  if (keeping === undefined) return;
  const manifest = await context.templates.find(keeping.template);
  if (manifest !== undefined) await context.templates.promote(manifest, keeping.facts, signal);
  crashPoint('restore.sealed');
  await context.registry.update(id, { keeping: undefined });
}
