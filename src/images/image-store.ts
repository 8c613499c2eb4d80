import { join } from 'node:path';
import { KeyedMutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import {
  crashPoint,
  exists,
  isRoot,
  listDirectory,
  moveFile,
  removeTree,
  sha256File,
} from '../host/index.ts';
import { isName } from '../model/index.ts';
import { buildImage } from './build-image.ts';
import { removeDeadBuilds, takeBuildPlace } from './build-lock.ts';
import { type BuiltImage, readImage } from './image-manifest.ts';
import { type LoadedRecipe, loadRecipe } from './recipe.ts';

const REMOVED_PREFIX = '.removed-';

/** How to build an image. */
export interface ImageBuildOptions {
  signal?: AbortSignal;
  /** Build even when there is a current image; what it needs is fetched anew. Default false. */
  force?: boolean;
  /** Called when a step begins and when it has something new to tell. */
  readonly onStep: (title: string, detail?: string) => void;
}

/** The guest operating systems of this host. */
export interface ImageStore {
  /** Every image, oldest first. */
  list(): Promise<BuiltImage[]>;
  /** The image of this id, or the newest current one of this name; undefined when there is none. */
  get(ref: string): Promise<BuiltImage | undefined>;
  /**
   * Builds an image from its recipe; one that is current is returned as it is. Needs root. A build that fails or
   * is cancelled leaves nothing. A second call for the same name waits for the first.
   * Throws `image-unknown`, `image-build-failed`, `disk-full`, `not-root`, `tool-missing`, `cancelled`, and
   * `conflict` while another process builds the same.
   */
  build(name: string, o: ImageBuildOptions): Promise<BuiltImage>;
  /** Removes an image, or every image of a name. The caller knows that nobody uses it. Throws `image-unknown`. */
  remove(ref: string): Promise<void>;
  /** Names of the files whose content is not what was built; empty when all is well. Throws `image-unknown`. */
  verify(ref: string, o?: { signal?: AbortSignal }): Promise<string[]>;
  /** Names of the recipes, sorted. */
  recipes(): Promise<string[]>;
  /** Removes what builds and removals of ended processes left behind; to be called at start. */
  clean(): Promise<void>;
}

export interface ImageStoreOptions {
  /** Where images are kept: one directory each, named by id. */
  readonly directory: string;
  /** Where recipes are: one directory each, named by recipe. */
  readonly recipesDirectory: string;
  /** Environment in which `BERTH_DEBIAN_MIRROR` may stand. */
  readonly env: Record<string, string | undefined>;
}

export function createImageStore(options: ImageStoreOptions): ImageStore {
  return new DirectoryImageStore(options);
}

class DirectoryImageStore implements ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #builds = new KeyedMutex();

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  async list(): Promise<BuiltImage[]> {
    const { directory } = this.#options;
    const hashes = await this.#currentHashes();
    const isCurrent = (name: string, hash: string): boolean => hashes.get(name) === hash;
    const ids = (await listDirectory(directory)).filter((name) => name.startsWith('img-'));
    const images = await Promise.all(ids.map((id) => readImage(join(directory, id), isCurrent)));
    return images
      .filter((image) => image !== undefined)
      .toSorted((one, other) => one.createdAt.localeCompare(other.createdAt));
  }

  async get(ref: string): Promise<BuiltImage | undefined> {
    const images = await this.list();
    return (
      images.find((image) => image.id === ref) ??
      images.findLast((image) => image.current && image.name === ref)
    );
  }

  async build(name: string, o: ImageBuildOptions): Promise<BuiltImage> {
    return this.#builds.run(name, async () => {
      const recipe = await this.#recipe(name);
      const there = o.force === true ? undefined : await this.get(name);
      return there ?? this.#buildNew(recipe, o);
    });
  }

  async remove(ref: string): Promise<void> {
    for (const image of await this.#must(ref)) await this.#discard(image.id);
  }

  async verify(ref: string, o: { signal?: AbortSignal } = {}): Promise<string[]> {
    const wrong: string[] = [];
    for (const image of await this.#must(ref)) {
      for (const [name, hash] of Object.entries(image.files)) {
        const path = join(this.#options.directory, image.id, name);
        if (!(await exists(path)) || (await sha256File(path, o)) !== hash) wrong.push(path);
      }
    }
    return wrong;
  }

  async recipes(): Promise<string[]> {
    const { recipesDirectory } = this.#options;
    const names = (await listDirectory(recipesDirectory)).filter(isName);
    const found = await Promise.all(names.map((name) => exists(join(recipesDirectory, name, 'recipe.json'))));
    return names.filter((_, index) => found[index]);
  }

  async clean(): Promise<void> {
    const { directory } = this.#options;
    await removeDeadBuilds(directory);
    const removed = (await listDirectory(directory)).filter((name) => name.startsWith(REMOVED_PREFIX));
    for (const name of removed) await removeTree(join(directory, name));
  }

  async #buildNew(recipe: LoadedRecipe, o: ImageBuildOptions): Promise<BuiltImage> {
    if (!isRoot()) throw berthError('not-root', 'building an image needs root');
    const { directory, env } = this.#options;
    const place = await takeBuildPlace(directory, recipe.name);
    try {
      const { onStep, signal } = o;
      crashPoint('image.place-taken');
      const manifest = await buildImage({ recipe, directory: place.directory, env, signal, onStep });
      await this.#accept(place.directory, manifest.id, signal);
      crashPoint('image.accepted');
      const image = await this.get(manifest.id);
      if (image === undefined) throw berthError('internal', `the image ${manifest.id} vanished`);
      return image;
    } finally {
      await place.release();
    }
  }

  /** Moves a finished build into place. The same id is the same content: one that is there and whole stays. */
  async #accept(built: string, id: string, signal: AbortSignal | undefined): Promise<void> {
    const target = join(this.#options.directory, id);
    if (await exists(target)) {
      const damaged =
        (await this.get(id)) === undefined || (await this.verify(id, signal ? { signal } : {})).length > 0;
      if (!damaged) return;
      await this.#discard(id);
    }
    await moveFile(built, target);
  }

  /** Out of sight at once; a crash in between leaves a directory that `clean` removes. */
  async #discard(id: string): Promise<void> {
    const { directory } = this.#options;
    const removed = join(directory, `${REMOVED_PREFIX}${id}`);
    await removeTree(removed);
    await moveFile(join(directory, id), removed);
    await removeTree(removed);
  }

  async #must(ref: string): Promise<BuiltImage[]> {
    const found = (await this.list()).filter((image) => image.id === ref || image.name === ref);
    if (found.length === 0) throw berthError('image-unknown', `there is no image ${ref}`);
    return found;
  }

  async #recipe(name: string): Promise<LoadedRecipe> {
    const recipe = isName(name) ? await loadRecipe(this.#options.recipesDirectory, name) : undefined;
    if (recipe === undefined) throw berthError('image-unknown', `there is no recipe ${name}`);
    return recipe;
  }

  /** Recipe hash by name; an image of a recipe that is gone or broken is not current. */
  async #currentHashes(): Promise<Map<string, string>> {
    const hashes = new Map<string, string>();
    for (const name of await this.recipes()) {
      const recipe = await loadRecipe(this.#options.recipesDirectory, name).catch(() => undefined);
      if (recipe !== undefined) hashes.set(name, recipe.hash);
    }
    return hashes;
  }
}
