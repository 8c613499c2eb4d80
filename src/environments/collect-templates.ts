import type { TemplateId } from '../model/index.ts';
import type { TemplateManifest } from '../machines/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';

/** What is to be done with a template that nobody asked to keep: keep it, keep only its disk layer, or remove it. */
export type Fate = 'keep' | 'disk-only' | 'remove';

/**
 * Decides about each fork point, and each base template that a newer one of the same name has replaced. Its memory is needed as
 * long as a machine runs that was restored from it or an operation may still do so; its disk layer as long as any disk
 * stands on it.
 */
export function fatesOf(
  templates: readonly TemplateManifest[],
  environments: readonly EnvironmentRecord[],
): Map<TemplateId, Fate> {
  const standing = new Set([
    ...environments.flatMap(({ disk, restoring }) => [
      ...(disk?.layers ?? []),
      ...(restoring?.prior?.disk?.layers ?? []),
    ]),
    ...templates.flatMap(({ layers }) => layers),
  ]);
  const frozen = new Set(
    environments.flatMap(({ freezing }) => (freezing === undefined ? [] : [freezing.template])),
  );
  // Just frozen from an environment whose operation is about to start forks from it.
  const fresh = new Set(
    environments.flatMap(({ disk, operation }) =>
      operation === undefined ? [] : (disk?.layers.slice(0, 1) ?? []),
    ),
  );
  const mapped = new Set(
    environments
      .filter(
        ({ process, operation }) =>
          operation !== undefined || (process !== undefined && (process.origin ?? 'template') === 'template'),
      )
      .flatMap(({ template, process, operation }) =>
        operation === undefined ? [process?.maps ?? template] : [template, process?.maps ?? template],
      ),
  );
  const owners = new Set(environments.map(({ id }) => id));
  const ofRestores = new Set(
    environments.flatMap(({ restoring, keeping }) => [restoring?.before?.template, keeping?.template]),
  );
  const ofReplicas = new Set(environments.map(({ replicaTemplate }) => replicaTemplate));
  const newest = new Map(templates.filter(({ kind }) => kind === 'base').map(({ name, id }) => [name, id]));
  const fates = new Map<TemplateId, Fate>();
  for (const { id, kind, name, snapshot } of templates) {
    const wanted =
      kind === 'environment' ||
      newest.get(name) === id ||
      ofReplicas.has(id) ||
      ofRestores.has(id) ||
      (snapshot !== undefined && owners.has(snapshot.environment));
    if (wanted || mapped.has(id) || frozen.has(id) || fresh.has(id)) fates.set(id, 'keep');
    else fates.set(id, standing.has(id) ? 'disk-only' : 'remove');
  }
  return fates;
}

/**
 * Templates whose disk layers somebody needs beside an environment: other environments, templates that are kept, and itself where it
 * may go back to them.
 */
export function neededBeside(
  { id, restoring }: Pick<EnvironmentRecord, 'id' | 'restoring'>,
  templates: readonly TemplateManifest[],
  environments: readonly EnvironmentRecord[],
): Set<TemplateId> {
  const others = environments.filter((other) => other.id !== id);
  // What it was just frozen into while it is worked on is nobody else's yet.
  const settled = environments.map((one) => (one.id === id ? { ...one, operation: undefined } : one));
  const fates = fatesOf(templates, settled as readonly EnvironmentRecord[]);
  const kept = templates.filter((template) => fates.get(template.id) === 'keep');
  return new Set([
    ...others.flatMap(({ disk, restoring: one }) => [
      ...(disk?.layers ?? []),
      ...(one?.prior?.disk?.layers ?? []),
    ]),
    ...(restoring?.prior?.disk?.layers ?? []),
    ...kept.flatMap((template) => [template.id, ...template.layers]),
  ]);
}

/** Removes what no environment needs any more of fork points and replaced base templates. Removing one may free the next, so it goes on until nothing changes. */
export async function collectTemplates(context: Context): Promise<void> {
  for (let changed = true; changed; ) {
    changed = false;
    const templates = await context.templates.list();
    const fates = fatesOf(templates, context.registry.list());
    for (const template of templates) {
      const fate = fates.get(template.id);
      if (fate === 'disk-only') await context.templates.dropState(template.id);
      if (fate !== 'remove') continue;
      await context.templates.remove(template.id);
      changed = true;
    }
  }
}
