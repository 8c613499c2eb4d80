import { join } from 'node:path';
import { KeyedMutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import {
  allocatedBytes,
  crashPoint,
  ensureDirectory,
  exists,
  listDirectory,
  readJson,
  removeTree,
  syncFile,
  writeJson,
} from '../host/index.ts';
import { isName, type TemplateId } from '../model/index.ts';
import { FileTrust, type Verdict } from './file-trust.ts';
import { type Layout, MACHINE_GID } from './layout.ts';
import {
  intact,
  MANIFEST_VERSION,
  type SnapshotFacts,
  type TemplateManifest,
  withChecksum,
} from './template-manifest.ts';

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

type Hashes = NonNullable<TemplateManifest['hashes']>;

/**
 * The templates on disk. What exists is what has a manifest: there is no second list that could disagree.
 */
export class TemplateStore {
  readonly #layout: Layout;
  /** Which files have been found right. */
  readonly trust: FileTrust;
  /** Prepared in the life of this daemon and neither complete nor removed. */
  readonly #unfinished = new Set<TemplateId>();
  /** Completed in the life of this daemon. */
  readonly #made = new Set<TemplateId>();
  /** Several removals at once may come to the same template: its changes go one after the other. */
  readonly #changing = new KeyedMutex();
  /** What ends the reading of files that nobody needs any more. */
  readonly #sealing = new Map<TemplateId, AbortController>();

  constructor(layout: Layout, trust = new FileTrust()) {
    this.#layout = layout;
    this.trust = trust;
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
    await this.#noteAll(manifest);
    this.#made.add(manifest.id);
    await this.#write(manifest);
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
    const hashes = await this.#hashUnlessDropped(manifest, o);
    if (hashes === undefined) return manifest;
    const sealed = { ...manifest, hashes };
    return this.#changing.run(manifest.id, async () => {
      // It may have been removed, or reduced to its disk, while it was read.
      if ((await this.#read(manifest.id))?.diskOnly !== manifest.diskOnly) return sealed;
      // Hashes must not outlive a power cut that their files did not.
      const { state, disk } = this.files(manifest.id);
      await Promise.all((manifest.diskOnly ? [disk] : [state, disk]).map((path) => syncFile(path)));
      await this.#write(sealed);
      return sealed;
    });
  }

  /**
   * Makes a snapshot of a template: from here on it is there. Its files are hashed first, and what was done to them is on the disk.
   */
  async promote(
    manifest: TemplateManifest,
    snapshot: SnapshotFacts,
    signal: AbortSignal,
  ): Promise<TemplateManifest> {
    const { id, diskOnly } = manifest;
    const { state, disk } = this.files(id);
    await Promise.all((diskOnly ? [disk] : [state, disk]).map((path) => syncFile(path)));
    const hashes = await this.#hash(manifest, { signal });
    const promoted = { ...manifest, kind: 'snapshot', snapshot, hashes } as const;
    await this.#changing.run(id, () => this.#write(promoted));
    return promoted;
  }

  /** Makes what nobody asked to keep of a snapshot. One that is gone, or none: nothing happens. */
  async demote(id: TemplateId): Promise<void> {
    await this.#changing.run(id, async () => {
      const manifest = await this.#read(id);
      if (manifest?.kind !== 'snapshot') return;
      const { snapshot: _snapshot, ...rest } = manifest;
      await this.#write({ ...rest, kind: 'fork-point' });
    });
  }

  /** Notes that the template's memory is not needed any more and removes it; its disk layer stays. Done already, or gone: nothing. */
  async dropState(id: TemplateId): Promise<void> {
    this.#sealing.get(id)?.abort();
    await this.#changing.run(id, async () => {
      const manifest = await this.#read(id);
      if (manifest === undefined) return;
      if (!manifest.diskOnly) {
        await this.#write({ ...manifest, diskOnly: true });
        crashPoint('template.memory-given-up');
      }
      // An earlier daemon may have been ended before this.
      await removeTree(this.files(id).state);
    });
  }

  /** Makes those that were to be kept, and whose hashes were never written, what a fork of their environment would have left: of no use to anybody new. */
  async undoUnsealed(): Promise<void> {
    for (const manifest of await this.list()) {
      const isKept = manifest.kind === 'environment' || manifest.kind === 'base';
      if (!isKept || manifest.hashes !== undefined) continue;
      const name = `fork-point-${manifest.id.slice(4)}`;
      await this.#write({ ...manifest, kind: 'fork-point', name });
    }
  }

  /** Removes a template. The manifest goes first, so that a half-removed one is never taken for whole. */
  async remove(id: TemplateId): Promise<void> {
    this.#sealing.get(id)?.abort();
    await this.#changing.run(id, async () => {
      await removeTree(this.files(id).manifest);
      crashPoint('template.unlisted');
      await removeTree(this.files(id).directory);
      await this.#forget(id);
    });
  }

  /**
   * Directories without a manifest, other than those that are being made by this daemon. One whose manifest is damaged may be the only copy of something,
   * and is left to somebody who looks at it.
   */
  async incomplete(): Promise<TemplateId[]> {
    const found: TemplateId[] = [];
    for (const name of await listDirectory(this.#layout.templates)) {
      const id = name as TemplateId;
      if (!this.#unfinished.has(id) && !(await exists(this.files(id).manifest))) found.push(id);
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
   * Compares the template's files with the hashes of its manifest, once while the host runs, and again when they were written to since: QEMU itself would
   * accept anything. `anew`: whatever is known of them.
   * @throws `template-invalid` when something differs
   */
  async verify(
    manifest: TemplateManifest,
    signal: AbortSignal,
    o: { readonly background?: boolean; readonly anew?: boolean } = {},
  ): Promise<void> {
    const { id, name, hashes, diskOnly } = manifest;
    const files = this.files(id);
    const parts = [
      { what: 'memory', path: files.state, hash: hashes?.state, isThere: !diskOnly },
      { what: 'disk', path: files.disk, hash: hashes?.disk, isThere: !diskOnly || hashes !== undefined },
      {
        what: 'empty layer',
        path: files.overlay,
        hash: hashes?.overlay,
        isThere: hashes?.overlay !== undefined,
      },
    ];
    for (const { what, path, hash, isThere } of parts) {
      if (!isThere) continue;
      const seal = hash === undefined ? {} : { hash };
      const verdict = await this.trust.compare(path, seal, { ...o, signal });
      if (verdict !== 'right') throw invalid(name, what, path, verdict);
    }
  }

  /** Whether the disk layer of a template is what was frozen; one without a hash is taken as it is. */
  async isDiskRight(
    id: TemplateId,
    o: { readonly signal: AbortSignal; readonly background?: boolean; readonly anew?: boolean },
  ): Promise<boolean> {
    const hash = (await this.#read(id))?.hashes?.disk;
    if (hash === undefined) return exists(this.files(id).disk);
    return (await this.trust.compare(this.files(id).disk, { hash }, o)) === 'right';
  }

  /** Ids of directories whose manifest is there and cannot be read: they are kept, and of no use. */
  async unreadable(): Promise<TemplateId[]> {
    const found: TemplateId[] = [];
    for (const name of await listDirectory(this.#layout.templates)) {
      const id = name as TemplateId;
      if ((await exists(this.files(id).manifest)) && (await this.#read(id)) === undefined) found.push(id);
    }
    return found;
  }

  /** Why a template of {@link unreadable} is of no use. */
  unreadableFailure(id: TemplateId): Error {
    const fact = `the manifest of template ${id} is damaged: ${this.files(id).manifest}`;
    return berthError('template-invalid', fact, {
      remedy: `Look at it; when nothing needs it any more, remove its directory: ${this.files(id).directory}.`,
    });
  }

  /** False for one whose files can never be trusted: an earlier daemon ended before it had written their hashes. */
  isTrustable({ id, hashes }: TemplateManifest): boolean {
    return hashes !== undefined || this.#made.has(id);
  }

  async diskBytes(id: TemplateId): Promise<number> {
    return allocatedBytes(this.files(id).directory);
  }

  async #hashUnlessDropped(
    manifest: TemplateManifest,
    o: { readonly signal: AbortSignal; readonly background?: boolean },
  ): Promise<Hashes | undefined> {
    const { id } = manifest;
    const dropped = new AbortController();
    this.#sealing.set(id, dropped);
    try {
      return await this.#hash(manifest, { ...o, signal: AbortSignal.any([o.signal, dropped.signal]) });
    } catch (error) {
      if (dropped.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.#sealing.get(id) === dropped) this.#sealing.delete(id);
    }
  }

  async #hash(
    { id, diskOnly }: TemplateManifest,
    o: { readonly signal: AbortSignal; readonly background?: boolean },
  ): Promise<Hashes> {
    const files = this.files(id);
    if (diskOnly) return { disk: await this.trust.read(files.disk, o) };
    const [state, disk] = await Promise.all([
      this.trust.read(files.state, o),
      this.trust.read(files.disk, o),
    ]);
    if (!(await exists(files.overlay))) return { state, disk };
    return { state, disk, overlay: await this.trust.read(files.overlay, o) };
  }

  async #read(id: TemplateId): Promise<TemplateManifest | undefined> {
    const manifest = await readJson<TemplateManifest>(this.files(id).manifest).catch(() => undefined);
    if (manifest?.version !== MANIFEST_VERSION || manifest.id !== id) return undefined;
    return intact(manifest);
  }

  async #write(manifest: TemplateManifest): Promise<void> {
    await writeJson(this.files(manifest.id).manifest, withChecksum(manifest));
  }

  async #noteAll({ id }: TemplateManifest): Promise<void> {
    const { state, disk, overlay } = this.files(id);
    for (const path of [state, disk, overlay]) await this.trust.note(path);
  }

  async #forget(id: TemplateId): Promise<void> {
    const { state, disk, overlay } = this.files(id);
    for (const path of [state, disk, overlay]) await this.trust.forget(path);
    this.#unfinished.delete(id);
    this.#made.delete(id);
  }
}

function invalid(name: string, what: string, path: string, verdict: Verdict): Error {
  const remedy = `Remove it with \`./berth template rm ${name}\`; a base template is made again when needed.`;
  if (verdict === 'unknown') {
    const fact = `template "${name}" cannot be trusted: the daemon ended before its hashes were written`;
    return berthError('template-invalid', fact, { remedy });
  }
  const why = verdict === 'missing' ? 'is missing' : 'differs from what was saved';
  return berthError('template-invalid', `the ${what} of template "${name}" ${why}: ${path}`, { remedy });
}
