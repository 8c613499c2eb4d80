import { crashPoint } from '../host/index.ts';
import type { TemplateRequest, WarmRequest } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import type { TemplateManifest } from '../machines/index.ts';
import type { Operation, Template } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import type { Context } from './context.ts';
import { freezeEnvironment } from './freeze-environment.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed } from './registry.ts';

type NamedTemplate = TemplateManifest & Pick<Template, 'kind'>;

/** Lists, makes and removes templates. */
export class TemplateOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list(): Promise<readonly Template[]> {
    const templates = await this.#context.templates.list();
    return Promise.all(templates.filter(isTemplate).map((manifest) => this.#viewOf(manifest, templates)));
  }

  /** Freezes a running environment, which goes on running. */
  async create(request: TemplateRequest, options: { readonly idempotencyKey?: string }): Promise<Operation> {
    const context = this.#context;
    await context.sleepers.awake(request.environment, '`berth template create`');
    const known = context.registry.get(request.environment);
    assertUnclaimed(known);
    context.sessions.get(known);
    const taken = (await context.templates.find(request.name)) ?? context.registry.find(request.name);
    if (taken !== undefined)
      throw berthError('name-taken', `there is a template or environment "${request.name}" already`);
    return context.operations.start(
      'template',
      [request.name],
      request,
      async (operation) => {
        const record = await context.registry.claim(known.id, operation.id);
        try {
          await freezeNamed(context, record, request.name, operation);
        } finally {
          await context.registry.update(record.id, { operation: undefined });
        }
        return { names: [request.name] };
      },
      options,
    );
  }

  /** Keeps forks of a template ready. */
  async warm(ref: string, { min, max }: WarmRequest): Promise<Template> {
    if (min > max)
      throw berthError('bad-request', `min ${min} is more than max ${max}`, {
        problems: [{ path: 'min', message: `${min} is more than max, which is ${max}` }],
      });
    const manifest = await this.#find(ref);
    if (manifest.kind !== 'environment')
      throw berthError('bad-request', `template "${manifest.name}" holds no environment to keep warm`, {
        remedy: 'Freeze one with `./berth template create ENV NAME`.',
      });
    await this.#context.pools.set(manifest, { min, max });
    return this.#viewOf(manifest, await this.#context.templates.list());
  }

  async remove(ref: string): Promise<void> {
    const context = this.#context;
    const manifest = await this.#find(ref);
    const users = usersOf(manifest, await context.templates.list(), context.registry.list());
    if (users.length > 0)
      throw berthError('template-in-use', `template "${manifest.name}" is needed by ${users.join(', ')}`);
    await context.pools.remove(manifest.id);
    await context.templates.remove(manifest.id);
  }

  async #find(ref: string): Promise<NamedTemplate> {
    const manifest = await this.#context.templates.find(ref);
    // Snapshots are their environment's.
    if (manifest !== undefined && isTemplate(manifest)) return manifest;
    throw berthError('not-found', `there is no template "${ref}"`, {
      remedy: 'See what there is with `./berth template ls`.',
    });
  }

  async #viewOf(manifest: NamedTemplate, all: readonly TemplateManifest[]): Promise<Template> {
    const { id, name, kind, image, shape, createdAt, source, qemuVersion, machineType, accelerator } =
      manifest;
    const warm = this.#context.pools.statusOf(id);
    return {
      ...{ id, name, kind, image, shape, createdAt, qemuVersion, machineType, accelerator },
      ...(source === undefined ? {} : { source }),
      ...(warm === undefined ? {} : { warm }),
      diskBytes: await this.#context.templates.diskBytes(id),
      users: usersOf(manifest, all, this.#context.registry.list()).length,
    };
  }
}

function isTemplate(manifest: TemplateManifest): manifest is NamedTemplate {
  return manifest.kind !== 'snapshot';
}

/** Names of the environments and templates whose disk stands on this template's. */
function usersOf(
  manifest: TemplateManifest,
  templates: readonly TemplateManifest[],
  environments: readonly EnvironmentRecord[],
): string[] {
  const { id } = manifest;
  return [
    ...environments
      .filter(({ disk, template }) => disk?.layers.includes(id) ?? template === id)
      .map(({ name }) => name),
    ...templates
      .filter(({ layers }) => layers.includes(id))
      .map(({ name, snapshot }) => (snapshot === undefined ? name : `snapshot ${snapshot.name}`)),
  ];
}

async function freezeNamed(
  context: Context,
  record: EnvironmentRecord,
  name: string,
  operation: OperationContext,
): Promise<void> {
  const { signal } = operation;
  const { manifest } = await operation.step('freeze', `freeze ${record.name}`, () =>
    freezeEnvironment(context, record, { name, kind: 'environment', signal }),
  );
  await operation.step('seal', 'compute hashes', () => context.templates.seal(manifest, { signal }));
  crashPoint('template.sealed');
}
