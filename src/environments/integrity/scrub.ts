import { join } from 'node:path';
import { asBerthError } from '../../errors/index.ts';
import { readJson, writeJson } from '../../host/index.ts';
import type { TemplateManifest } from '../../machines/index.ts';
import type { Damage, ScrubReport } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

export interface ScrubOptions {
  readonly signal: AbortSignal;
  /** Read everything; else only what has not been read since the host booted. */
  readonly anew: boolean;
  /** Called before each thing. */
  readonly onThing?: (what: string) => void;
}

/** Where the outcome of the last one is kept. */
function reportPath(context: Pick<Context, 'home'>): string {
  return join(context.home, 'scrub.json');
}

/** The outcome of the last one that read everything; undefined when there was none. */
export function lastScrub(context: Pick<Context, 'home'>): Promise<ScrubReport | undefined> {
  return readJson<ScrubReport>(reportPath(context)).catch(() => undefined);
}

/** One that is removed, or reduced to its disk, while it is read is not damaged. */
async function verifyListed(
  { templates }: Pick<Context, 'templates'>,
  template: TemplateManifest,
  wait: { readonly signal: AbortSignal; readonly background: boolean; readonly anew: boolean },
): Promise<void> {
  try {
    if (template.diskOnly && template.hashes === undefined) await templates.seal(template, wait);
    else await templates.verify(template, wait.signal, wait);
  } catch (error) {
    if ((await templates.find(template.id))?.diskOnly === template.diskOnly) throw error;
  }
}

/**
 * Compares what is saved on disk with its hashes, one file after the other, with what nobody else wants of processor and disk: templates, images, and
 * what environments left that do not run. Damage is told as events; nothing is changed.
 */
export async function scrub(context: Context, o: ScrubOptions): Promise<ScrubReport> {
  const startedAt = new Date().toISOString();
  const damaged: Damage[] = [];
  const look = async (kind: Damage['kind'], name: string, work: () => Promise<void>): Promise<void> => {
    o.signal.throwIfAborted();
    o.onThing?.(`${kind} ${name}`);
    try {
      await work();
    } catch (error) {
      o.signal.throwIfAborted();
      const { message, remedy } = asBerthError(error);
      damaged.push({ kind, name, message, remedy });
      context.log.warn({ kind, name, err: error }, 'something on disk is not what was saved');
      context.events.append(
        kind === 'environment' ? 'environment.damaged' : `${kind}.invalid`,
        name,
        message,
      );
    }
  };
  // What nobody has looked at yet may be waited for.
  const wait = { signal: o.signal, background: o.anew, anew: o.anew };
  const templates = await context.templates.list();
  // Of what was frozen for forks and has no hashes, since a daemon was killed meanwhile, nothing is begun any more: that is no damage.
  const ofUse = templates.filter(
    (one) => one.kind !== 'fork-point' || one.diskOnly === true || context.templates.isTrustable(one),
  );
  for (const template of ofUse)
    await look('template', template.name, () => verifyListed(context, template, wait));
  for (const id of await context.templates.unreadable())
    await look('template', id, () => Promise.reject(context.templates.unreadableFailure(id)));
  const images = await context.images.list();
  for (const image of images)
    await look('image', image.name, () => context.machines.base.assertRight(image, [], wait));
  const resting = context.registry.list().filter(restsOnDisk);
  for (const record of resting)
    await look('environment', record.name, () => lookAtOne(context, record, wait));
  const counts = { templates: templates.length, images: images.length, environments: resting.length };
  const report = { startedAt, endedAt: new Date().toISOString(), ...counts, damaged };
  if (o.anew) await writeJson(reportPath(context), report, { mode: 0o600 });
  return report;
}

/** One that has begun to run meanwhile changes its files by right. */
async function lookAtOne(
  context: Context,
  known: EnvironmentRecord,
  wait: { readonly signal: AbortSignal; readonly background: boolean; readonly anew: boolean },
): Promise<void> {
  try {
    await context.seals.assertUnchanged(known, wait);
  } catch (error) {
    const now = context.registry.find(known.id);
    if (now === undefined || now.seals !== known.seals || !restsOnDisk(now)) return;
    throw error;
  }
  await context.seals.complete(known.id);
}

function restsOnDisk({ disk, process, operation }: EnvironmentRecord): boolean {
  return disk !== undefined && process === undefined && operation === undefined;
}
