import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import {
  crashPoint,
  ensureDirectory,
  listDirectory,
  moveFile,
  readJson,
  readText,
  removeTree,
  syncFile,
  writeAtomic,
  writeJson,
} from '../host/index.ts';
import { type BackupRepository, isName } from '../model/index.ts';
import { formatLocation, parseLocation } from './location.ts';
import { type Access, Restic } from './restic.ts';

const VERSION = 1;
const SETTINGS = 'repository.json';
const PASSWORD = 'password';
const CREDENTIALS = 'credentials.json';
const ADDING = '.adding-';
const SECRET = { mode: 0o600 };

/** `repositories/NAME/repository.json`, written before its directory gets its name. */
interface Settings {
  readonly version: typeof VERSION;
  readonly name: string;
  readonly location: string;
  readonly createdAt: string;
}

/** A repository that is to be made known. */
export interface RepositoryRequest {
  readonly name: string;
  readonly location: string;
  /** What everything in it is encrypted with; absent: a new one is made up. */
  readonly password?: string | undefined;
  /** For an S3 store that wants some. */
  readonly s3?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region?: string | undefined }
    | undefined;
}

/** The repositories that this host knows: where they are, and their secrets, in files that only root can read. What exists is what has a directory. */
export class Repositories {
  readonly #home: string;
  readonly #directory: string;
  readonly #cache: string;

  /** @param directory for what belongs to backups */
  constructor(o: { readonly home: string; readonly directory: string }) {
    this.#home = o.home;
    this.#directory = join(o.directory, 'repositories');
    this.#cache = join(o.directory, 'cache');
  }

  /** By name. */
  async list(): Promise<BackupRepository[]> {
    const names = (await listDirectory(this.#directory)).filter(isName);
    return (await Promise.all(names.map((name) => this.#read(name)))).filter((one) => one !== undefined);
  }

  /** The one of this name; without a name the only one there is. @throws `not-found`, `bad-request` */
  async open(name?: string): Promise<{ readonly repository: BackupRepository; readonly restic: Restic }> {
    const repository = await this.#choose(name);
    const place = join(this.#directory, repository.name);
    return { repository, restic: new Restic(await this.#accessOf(place, repository.location)) };
  }

  /**
   * Makes a repository known; where there is none yet it is made, one that is there is opened with the password.
   * @throws `name-taken`, `bad-request`, `backup-repository-failed`, `tool-missing`
   */
  async add(request: RepositoryRequest, signal: AbortSignal): Promise<BackupRepository> {
    const { name } = request;
    const location = formatLocation(parseLocation(request.location, this.#home));
    if (request.password === '')
      throw berthError('bad-request', 'the password of a repository cannot be empty');
    await this.#assertNew(name, location);
    await ensureDirectory(this.#directory, { mode: 0o700 });
    const draft = join(this.#directory, `${ADDING}${randomBytes(6).toString('hex')}`);
    try {
      await ensureDirectory(draft, { mode: 0o700 });
      await writeAtomic(
        join(draft, PASSWORD),
        request.password ?? randomBytes(24).toString('base64url'),
        SECRET,
      );
      if (request.s3 !== undefined) await writeJson(join(draft, CREDENTIALS), request.s3, SECRET);
      // Its password is on the disk before anything is encrypted with it.
      await new Restic(await this.#accessOf(draft, location)).openOrInit({
        mayExist: request.password !== undefined,
        signal,
      });
      const createdAt = new Date().toISOString();
      await writeJson(join(draft, SETTINGS), { version: VERSION, name, location, createdAt }, SECRET);
      crashPoint('repository.made');
      await this.#assertNew(name, location);
      await moveFile(draft, join(this.#directory, name));
      await syncFile(this.#directory);
    } finally {
      await removeTree(draft);
    }
    return await this.#choose(name);
  }

  /** Forgets a repository and its secrets here; what is in it stays. @throws `not-found` */
  async remove(name: string): Promise<void> {
    await this.#choose(name);
    await removeTree(join(this.#directory, name));
  }

  /** Finishes or removes what an interrupted {@link add} left. Only to be called while none is under way. */
  async clean(): Promise<void> {
    for (const entry of await listDirectory(this.#directory)) {
      if (!entry.startsWith(ADDING)) continue;
      const draft = join(this.#directory, entry);
      const made = await readJson<Settings>(join(draft, SETTINGS)).catch(() => undefined);
      // The repository is there, and nobody else has its password.
      if (made !== undefined && (await this.#read(made.name)) === undefined)
        await moveFile(draft, join(this.#directory, made.name));
      else await removeTree(draft);
    }
  }

  async #choose(name: string | undefined): Promise<BackupRepository> {
    const known = await this.list();
    const found =
      name === undefined && known.length === 1 ? known[0] : known.find((one) => one.name === name);
    if (found !== undefined) return found;
    if (name !== undefined)
      throw berthError('not-found', `there is no backup repository "${name}"`, {
        remedy:
          'See what there is with `./berth backup repo ls`; add one with `./berth backup repo add NAME LOCATION`.',
      });
    if (known.length === 0)
      throw berthError('not-found', 'no backup repository is known', {
        remedy:
          'Add one with `./berth backup repo add NAME LOCATION`, for example `./berth backup repo add main /srv/backups`.',
      });
    throw berthError(
      'bad-request',
      `there are ${known.length} backup repositories: ${known.map((one) => one.name).join(', ')}`,
      {
        remedy: 'Name one with `--repo NAME`.',
      },
    );
  }

  async #assertNew(name: string, location: string): Promise<void> {
    const known = await this.list();
    const taken = known.find((one) => one.name === name || one.location === location);
    if (taken === undefined) return;
    throw berthError('name-taken', `repository "${taken.name}" at ${taken.location} is known already`, {
      remedy: `Use it, or forget it first with \`./berth backup repo rm ${taken.name}\`; what is in it stays.`,
    });
  }

  async #read(name: string): Promise<BackupRepository | undefined> {
    const settings = await readJson<Settings>(join(this.#directory, name, SETTINGS)).catch(() => undefined);
    if (settings?.version !== VERSION || settings.name !== name) return undefined;
    const { location, createdAt } = settings;
    return { name, location, createdAt, passwordFile: join(this.#directory, name, PASSWORD) };
  }

  async #accessOf(place: string, location: string): Promise<Access> {
    const passwordFile = join(place, PASSWORD);
    if ((await readText(passwordFile)) === undefined)
      throw berthError('backup-repository-failed', `the password file ${passwordFile} is missing`, {
        remedy: `Write the repository's password to it, with mode 0600.`,
      });
    const s3 = await readJson<NonNullable<RepositoryRequest['s3']>>(join(place, CREDENTIALS));
    return {
      ...{ location, passwordFile, cacheDirectory: this.#cache },
      variables:
        s3 === undefined
          ? {}
          : {
              AWS_ACCESS_KEY_ID: s3.accessKeyId,
              AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
              ...(s3.region === undefined ? {} : { AWS_DEFAULT_REGION: s3.region }),
            },
    };
  }
}
