import type { PurgeRequest } from '../contract/index.ts';
import { type Context, discard, removeOrphans } from '../environments/index.ts';
import type { Operation } from '../model/index.ts';
import type { NetworkManager } from '../network/index.ts';
import type { OperationContext } from '../operations/index.ts';

/**
 * Removes everything that this installation made: environments, templates, images unless they are to stay, namespaces, rules.
 * Whatever is being done to environments is cancelled first.
 */
export async function purge(
  context: Context,
  network: NetworkManager,
  request: PurgeRequest,
  options: { readonly idempotencyKey?: string },
): Promise<Operation> {
  return context.operations.start(
    'purge',
    ['everything'],
    request,
    async (operation) => {
      await operation.step('cancel', 'cancel what is being done', () => cancelOthers(context, operation));
      await operation.step('environments', 'remove every environment', () => removeEnvironments(context));
      await operation.step('templates', 'remove every template', () => removeTemplates(context));
      if (request.images !== false)
        await operation.step('images', 'remove every image', () => removeImages(context));
      await operation.step('cache', 'remove every cache of container images', () =>
        context.registries.purge(),
      );
      await operation.step('network', 'remove namespaces and rules', () => network.purge());
    },
    options,
  );
}

async function cancelOthers(context: Context, operation: OperationContext): Promise<void> {
  const others = context.operations
    .list()
    .filter(({ id, state }) => id !== operation.id && (state === 'running' || state === 'cancelling'));
  for (const other of others) await context.operations.cancel(other.id);
  await Promise.all(others.map(({ id }) => context.operations.wait(id)));
}

async function removeEnvironments(context: Context): Promise<void> {
  const records = context.registry.list();
  for (const { id } of records) await context.registry.update(id, { state: 'removing' });
  for (const { id } of records) await context.replicas.end(id);
  for (const record of context.registry.list()) await discard(context, record);
  await removeOrphans(context, { evenIfHeld: true });
}

async function removeTemplates(context: Context): Promise<void> {
  for (const { id } of await context.templates.list()) await context.templates.remove(id);
  await context.templates.removeIncomplete(new Set());
}

async function removeImages(context: Context): Promise<void> {
  for (const { id } of await context.images.list()) await context.images.remove(id);
}
