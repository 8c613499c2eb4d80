import type { ImageBuildRequest } from '../contract/index.ts';
import type { Context } from '../environments/index.ts';
import { berthError } from '../errors/index.ts';
import type { BuiltImage } from '../images/index.ts';
import type { Image, Operation } from '../model/index.ts';
import type { ImageService } from '../server/index.ts';

/** Images as the API shows them; removing one looks at who needs it. */
export class ImageOperations implements ImageService {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list(): Promise<readonly Image[]> {
    return (await this.#context.images.list()).map(viewOf);
  }

  async get(ref: string): Promise<Image> {
    return viewOf(await this.#find(ref));
  }

  async build(
    name: string,
    request: ImageBuildRequest,
    options: { readonly idempotencyKey?: string },
  ): Promise<Operation> {
    const { images, operations } = this.#context;
    const recipes = await images.recipes();
    if (!recipes.includes(name)) {
      throw berthError('image-unknown', `there is no recipe "${name}"; recipes: ${recipes.join(', ')}`);
    }
    return operations.start(
      'image-build',
      [name],
      { name },
      async (operation) => {
        const image = await operation.step('build', `build ${name}`, (step) =>
          images.build(name, {
            signal: operation.signal,
            force: request.force ?? false,
            onStep: (title, detail) => step.detail(detail === undefined ? title : `${title}: ${detail}`),
          }),
        );
        return { names: [image.id] };
      },
      options,
    );
  }

  async remove(ref: string): Promise<void> {
    const { images, registry, templates } = this.#context;
    const image = await this.#find(ref);
    const users = [
      ...registry
        .list()
        .filter((record) => record.image === image.id)
        .map(({ name }) => `environment ${name}`),
      ...(await templates.list())
        .filter((template) => template.image === image.id)
        .map(({ name }) => `template ${name}`),
    ];
    if (users.length > 0) throw berthError('image-in-use', `image "${ref}" is needed by ${users.join(', ')}`);
    await images.remove(image.id);
  }

  async #find(ref: string): Promise<BuiltImage> {
    const image = await this.#context.images.get(ref);
    if (image === undefined) throw berthError('image-unknown', `there is no image "${ref}"`);
    return image;
  }
}

function viewOf(image: BuiltImage): Image {
  const { id, name, createdAt, recipeHash, kernel, diskBytes, packages, files, current } = image;
  return { id, name, createdAt, recipeHash, kernel, diskBytes, packages, files, current };
}
