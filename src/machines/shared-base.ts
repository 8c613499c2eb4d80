import { dirname, join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { imageFilesIn } from '../images/index.ts';
import type { TemplateId } from '../model/index.ts';
import type { FileTrust } from './file-trust.ts';
import type { MachineBoot } from './machine.ts';
import type { TemplateStore } from './template-store.ts';

interface Look {
  readonly signal: AbortSignal;
  readonly background?: boolean;
  readonly anew?: boolean;
}

/** What machines stand on and share: the files of their image, and layers of disks below their own. */
export class SharedBase {
  readonly #templates: TemplateStore;
  readonly #trust: FileTrust;
  readonly #images = new Map<string, Readonly<Record<string, string>>>();

  constructor(templates: TemplateStore) {
    this.#templates = templates;
    this.#trust = templates.trust;
  }

  /** Compares all of it with its hashes, as {@link FileTrust} does. @throws `image-corrupt` */
  async assertRight(
    boot: Pick<MachineBoot, 'kernelPath'>,
    layers: readonly TemplateId[],
    o: Look,
  ): Promise<void> {
    for (const id of layers) {
      if (await this.#templates.isDiskRight(id, o)) continue;
      throw corrupt(`the disk layer ${this.#templates.files(id).disk} is not what was frozen`);
    }
    const wrong = await this.wrongImageFile(dirname(boot.kernelPath), o);
    if (wrong !== undefined)
      throw corrupt(
        `the guest image is not what was built: ${wrong}`,
        'Restore a backup on another host, or build the image again with `./berth image build NAME --force`.',
      );
  }

  /** The first file of an image that is not what was built. */
  async wrongImageFile(directory: string, o: Look): Promise<string | undefined> {
    const files = this.#images.get(directory) ?? (await imageFilesIn(directory));
    this.#images.set(directory, files);
    for (const [name, hash] of Object.entries(files)) {
      const path = join(directory, name);
      if ((await this.#trust.compare(path, { hash }, o)) !== 'right') return path;
    }
    return undefined;
  }
}

function corrupt(fact: string, remedy?: string): Error {
  return berthError('image-corrupt', fact, {
    remedy: remedy ?? 'It stays as it is. Restore a backup of what stands on it: `./berth backup ls`.',
  });
}
