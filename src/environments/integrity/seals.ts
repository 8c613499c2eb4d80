import { join } from 'node:path';
import { berthError } from '../../errors/index.ts';
import type { FileTrust, MachineDisk, Seal, Verdict } from '../../machines/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

/** Seals by the names of files in the directory of a machine. */
export type Seals = Readonly<Record<string, Seal>>;

/** A host whose processors are all wanted may take its time. */
const HASH_TIMEOUT_MS = 6 * 3_600_000;

interface Look {
  readonly signal: AbortSignal;
  readonly background?: boolean;
  readonly anew?: boolean;
}

/**
 * Seals what environments leave on disk while no machine of theirs runs, and compares it before it is used again. The hashes are computed once they rest;
 * one that is needed before that goes on at once.
 */
export class RestSeals {
  readonly #of: () => Context;
  readonly #hashing = new Map<EnvironmentId, AbortController>();

  constructor(context: () => Context) {
    this.#of = context;
  }

  get #trust(): FileTrust {
    return this.#of().templates.trust;
  }

  /** Seals of files that will not change while the environment rests; their hashes are added by {@link hashLater}. */
  async note(disk: MachineDisk, names: readonly string[]): Promise<Seals> {
    const seals = await Promise.all(
      names.map(async (name) => [name, await this.#trust.note(join(disk.directory, name))] as const),
    );
    return Object.fromEntries(seals);
  }

  /** Computes the hashes of one that rests, in the background. */
  hashLater(id: EnvironmentId): void {
    this.stop(id);
    const ending = new AbortController();
    this.#hashing.set(id, ending);
    this.#hashAll(id, AbortSignal.any([ending.signal, AbortSignal.timeout(HASH_TIMEOUT_MS)]))
      .catch((error: unknown) => {
        if (!ending.signal.aborted)
          this.#of().log.warn(
            { environment: id, err: error },
            'what an environment left could not be hashed',
          );
      })
      .finally(() => {
        if (this.#hashing.get(id) === ending) this.#hashing.delete(id);
      });
  }

  /** Seals what has no seal yet, and computes the hashes that are missing; for one that rests, and is not changed meanwhile. */
  async complete(id: EnvironmentId): Promise<void> {
    const { registry } = this.#of();
    const { disk, seals = {}, asleep, process, merging } = registry.find(id) ?? {};
    // What is being merged is sealed when that is over.
    if (disk === undefined || process !== undefined || merging !== undefined) return;
    const names = [disk.top, ...(asleep === undefined ? [] : [asleep.saved.file])];
    const missing = names.filter((name) => seals[name] === undefined);
    if (missing.length > 0) {
      const noted = { ...seals, ...(await this.note(disk, missing)) };
      const now = registry.find(id);
      if (now?.process !== undefined || now?.operation !== undefined || now?.merging !== undefined) return;
      await registry.update(id, { seals: noted }, { durability: 'relaxed' });
    }
    this.hashLater(id);
  }

  /** It is needed, or gone: nobody is to read its files any more. */
  stop(id: EnvironmentId): void {
    this.#hashing.get(id)?.abort(berthError('cancelled', 'it does not rest any more'));
    this.#hashing.delete(id);
  }

  /** Ends all that is under way. */
  close(): void {
    for (const id of this.#hashing.keys()) this.stop(id);
  }

  /**
   * Compares what an environment left with its seals. What has none is taken as it is.
   * @throws `saved-state-invalid`, `image-corrupt`
   */
  async assertUnchanged(record: EnvironmentRecord, o: Look): Promise<void> {
    const { disk, seals = {} } = record;
    if (disk === undefined) return;
    const saved = record.asleep?.saved.file;
    for (const name of [saved, disk.top]) {
      const seal = name === undefined ? undefined : seals[name];
      if (name === undefined || seal === undefined) continue;
      const path = join(disk.directory, name);
      const verdict = await this.#trust.compare(path, seal, o);
      if (verdict === 'right') continue;
      throw name === saved ? savedInvalid(record, path, verdict) : diskChanged(record, path, verdict);
    }
  }

  async #hashAll(id: EnvironmentId, signal: AbortSignal): Promise<void> {
    const { registry } = this.#of();
    const record = registry.find(id);
    const { disk, seals } = record ?? {};
    if (disk === undefined || seals === undefined) return;
    const hashed: Record<string, Seal> = {};
    for (const [name, seal] of Object.entries(seals)) {
      if (seal.hash !== undefined) continue;
      const known = await this.#trust.hash(join(disk.directory, name), seal, { signal, background: true });
      if (known !== undefined) hashed[name] = known;
    }
    signal.throwIfAborted();
    // It may have begun to run, or rest anew, while its files were read.
    const now = registry.find(id);
    if (now?.seals === seals) await registry.update(id, { seals: { ...seals, ...hashed } });
  }
}

function savedInvalid({ name }: EnvironmentRecord, path: string, verdict: Verdict): Error {
  return berthError(
    'saved-state-invalid',
    `what was saved of "${name}" is not used: ${path} ${wordsOf(verdict)}`,
    {
      remedy: `Boot it from its disk, without what was in its memory: \`./berth start ${name} --cold\`.`,
    },
  );
}

function diskChanged({ name }: EnvironmentRecord, path: string, verdict: Verdict): Error {
  return berthError('image-corrupt', `the disk of "${name}" is not used: ${path} ${wordsOf(verdict)}`, {
    remedy: `Restore a backup: \`./berth backup restore ${name} --name ${name.slice(0, 31)}-restored\`; if you changed it yourself: \`./berth start ${name} --trust-disk\`.`,
  });
}

function wordsOf(verdict: Verdict): string {
  if (verdict === 'missing') return 'is missing';
  if (verdict === 'changed') return 'is not what was left there';
  return 'was written to since it was left there, before its hash was known';
}
