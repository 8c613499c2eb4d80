import { join } from 'node:path';
import { KeyedMutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import {
  allocatedBytes,
  crashPoint,
  ensureDirectory,
  listDirectory,
  readJson,
  removeTree,
  sha256File,
  syncFile,
  writeJson,
} from '../host/index.ts';
import { isName, type TemplateId } from '../model/index.ts';
import { type Layout, MACHINE_GID } from './layout.ts';
import { MANIFEST_VERSION, type TemplateManifest } from './template-manifest.ts';

const MANIFEST = 'manifest.json';

/** Files of one template. */
export interface TemplateFiles {
  readonly directory: string;
  /** Device state and guest memory; gone when only the disk layer is needed any more. */
  readonly state: string;
  /** The frozen disk layer. */
  readonly disk: string;
  /** An empty layer over `disk`, ready to be copied: quicker than making one. */
  readonly overlay: string;
  readonly manifest: string;
}

/**
 * The templates on disk. What exists is what has a manifest: there is no second list that could disagree.
 */
export class TemplateStore {
  readonly #layout: Layout;
  readonly #verified = new Set<TemplateId>();
  /** Prepared in the life of this daemon and neither complete nor removed. */
  readonly #unfinished = new Set<TemplateId>();
  readonly #verifying = new KeyedMutex();
  /** Several removals at once may come to the same template: its changes go one after the other. */
  readonly #changing = new KeyedMutex();
  /** What ends the reading of files that nobody needs any more. */
  readonly #sealing = new Map<TemplateId, AbortController>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  files(id: TemplateId): TemplateFiles {
    const directory = join(this.#layout.templates, id);
    return {
      directory,
      state: join(directory, 'state'),
      disk: join(directory, 'disk.qcow2'),
      overlay: join(directory, 'overlay.qcow2'),
      manifest: join(directory, MANIFEST),
    };
  }

  /** All complete templates, oldest first. */
  async list(): Promise<TemplateManifest[]> {
    const found: TemplateManifest[] = [];
    for (const name of await listDirectory(this.#layout.templates)) {
      const manifest = await this.#read(name as TemplateId);
      if (manifest !== undefined) found.push(manifest);
    }
    return found.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  /** Finds a template by id or name; the newest of that name. */
  async find(ref: string): Promise<TemplateManifest | undefined> {
    if (!isName(ref)) return undefined;
    return (await this.#read(ref as TemplateId)) ?? (await this.list()).findLast(({ name }) => name === ref);
  }

  /** Makes the directory of a new template, in which a machine of group {@link MACHINE_GID} may find files. */
  async prepare(id: TemplateId): Promise<TemplateFiles> {
    this.#unfinished.add(id);
    await ensureDirectory(this.#layout.templates, { mode: 0o711 });
    const files = this.files(id);
    await ensureDirectory(files.directory, { mode: 0o750, uid: 0, gid: MACHINE_GID });
    return files;
  }

  /** Completes a template. From now on it is there. */
  async complete(manifest: TemplateManifest): Promise<void> {
    this.#verified.add(manifest.id);
    await writeJson(this.files(manifest.id).manifest, manifest);
    this.#unfinished.delete(manifest.id);
  }

  /**
   * Adds the hashes of the template's files to its manifest, by which a later daemon tells that they are unchanged. In the
   * `background` it gives way to everything else on the host. A template whose memory is given up meanwhile stays as it is.
   */
  async seal(
    manifest: TemplateManifest,
    o: { readonly signal: AbortSignal; readonly background?: boolean },
  ): Promise<TemplateManifest> {
    const hashes = await this.#hashUnlessDropped(manifest.id, o);
    if (hashes === undefined) return manifest;
    const sealed = { ...manifest, hashes };
    return this.#changing.run(manifest.id, async () => {
      // It may have been removed, or reduced to its disk, while it was read.
      if ((await this.#read(manifest.id))?.diskOnly !== false) return sealed;
      // Hashes must not outlive a power cut that their files did not.
      const { state, disk } = this.files(manifest.id);
      await Promise.all([state, disk].map((path) => syncFile(path)));
      await writeJson(this.files(manifest.id).manifest, sealed);
      return sealed;
    });
  }

  /** Notes that the template's memory is not needed any more and removes it; its disk layer stays. Done already, or gone: nothing. */
  async dropState(id: TemplateId): Promise<void> {
    this.#sealing.get(id)?.abort();
    await this.#changing.run(id, async () => {
      const manifest = await this.#read(id);
      if (manifest === undefined) return;
      if (!manifest.diskOnly) {
        await writeJson(this.files(id).manifest, { ...manifest, diskOnly: true });
        crashPoint('template.memory-given-up');
      }
      // An earlier daemon may have been ended before this.
      await removeTree(this.files(id).state);
    });
  }

  /** Makes those that were to be kept, and whose hashes were never written, what a fork of their environment would have left. */
  async undoUnsealed(): Promise<void> {
    for (const manifest of await this.list()) {
      if (manifest.kind !== 'environment' || manifest.hashes !== undefined) continue;
      const name = `fork-point-${manifest.id.slice(4)}`;
      await writeJson(this.files(manifest.id).manifest, { ...manifest, kind: 'fork-point', name });
    }
  }

  /** Removes a template. The manifest goes first, so that a half-removed one is never taken for whole. */
  async remove(id: TemplateId): Promise<void> {
    this.#sealing.get(id)?.abort();
    await this.#changing.run(id, async () => {
      await removeTree(this.files(id).manifest);
      crashPoint('template.unlisted');
      await removeTree(this.files(id).directory);
      this.#verified.delete(id);
      this.#unfinished.delete(id);
    });
  }

  /** Directories without a manifest, other than those that are being made by this daemon. */
  async incomplete(): Promise<TemplateId[]> {
    const found: TemplateId[] = [];
    for (const name of await listDirectory(this.#layout.templates)) {
      const id = name as TemplateId;
      if (!this.#unfinished.has(id) && (await this.#read(id)) === undefined) found.push(id);
    }
    return found;
  }

  /**
   * Removes what unfinished or interrupted work left behind, other than `needed`. Only to be called while no template is being
   * made.
   */
  async removeIncomplete(needed: ReadonlySet<string>): Promise<string[]> {
    const removed = (await this.incomplete()).filter((id) => !needed.has(id));
    for (const id of removed) await this.remove(id);
    return removed;
  }

  /**
   * Compares the template's files with the hashes of its manifest, once per life of the daemon: QEMU itself would accept anything.
   * @throws `template-invalid` when something differs
   */
  async verify(manifest: TemplateManifest, signal: AbortSignal): Promise<void> {
    if (this.#verified.has(manifest.id)) return;
    // Whoever asks meanwhile waits for the same look.
    await this.#verifying.run(manifest.id, async () => {
      if (this.#verified.has(manifest.id)) return;
      await this.#compare(manifest, signal);
      this.#verified.add(manifest.id);
    });
  }

  async #compare({ id, name, hashes }: TemplateManifest, signal: AbortSignal): Promise<void> {
    const remedy = `Remove it with \`./berth template rm ${name}\`; it is made again when needed.`;
    if (hashes === undefined) {
      const fact = `template "${name}" cannot be trusted: the daemon ended before its hashes were written`;
      throw berthError('template-invalid', fact, { remedy });
    }
    const { state, disk } = await this.#hash(id, { signal });
    if (state === hashes.state && disk === hashes.disk) return;
    const what = state === hashes.state ? 'disk' : 'memory';
    const fact = `the ${what} of template "${name}" differs from what was saved`;
    throw berthError('template-invalid', fact, { remedy });
  }

  /** False for one whose files can never be trusted: an earlier daemon ended before it had written their hashes. */
  isTrustable({ id, hashes }: TemplateManifest): boolean {
    return hashes !== undefined || this.#verified.has(id);
  }

  async diskBytes(id: TemplateId): Promise<number> {
    return allocatedBytes(this.files(id).directory);
  }

  async #hashUnlessDropped(
    id: TemplateId,
    o: { readonly signal: AbortSignal; readonly background?: boolean },
  ): Promise<{ state: string; disk: string } | undefined> {
    const dropped = new AbortController();
    this.#sealing.set(id, dropped);
    try {
      return await this.#hash(id, { ...o, signal: AbortSignal.any([o.signal, dropped.signal]) });
    } catch (error) {
      if (dropped.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.#sealing.get(id) === dropped) this.#sealing.delete(id);
    }
  }

  async #hash(
    id: TemplateId,
    o: { readonly signal: AbortSignal; readonly background?: boolean },
  ): Promise<{ state: string; disk: string }> {
    const files = this.files(id);
    const [state, disk] = await Promise.all([sha256File(files.state, o), sha256File(files.disk, o)]);
    return { state, disk };
  }

  async #read(id: TemplateId): Promise<TemplateManifest | undefined> {
    const manifest = await readJson<TemplateManifest>(this.files(id).manifest).catch(() => undefined);
    return manifest?.version === MANIFEST_VERSION && manifest.id === id ? manifest : undefined;
  }
}
