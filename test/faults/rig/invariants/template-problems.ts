import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

interface Manifest {
  readonly name: string;
  readonly diskOnly?: boolean;
  readonly hashes?: { readonly state: string; readonly disk: string };
}

/** Compares the files of templates with the hashes of their manifests (I6). What has not been touched since it was compared is not read again. */
export class TemplateWatch {
  readonly #directory: string;
  /** Path → what the file system said of it when it was compared, and the hash. */
  readonly #seen = new Map<string, { readonly mark: string; readonly hash: string }>();

  constructor(home: string) {
    this.#directory = join(home, 'templates');
  }

  async problems(): Promise<string[]> {
    if (!existsSync(this.#directory)) return [];
    const problems: string[] = [];
    for (const id of readdirSync(this.#directory)) {
      const manifest = read(join(this.#directory, id, 'manifest.json'));
      if (manifest?.hashes === undefined) continue;
      const { name, hashes, diskOnly } = manifest;
      const files = diskOnly === true ? (['disk'] as const) : (['state', 'disk'] as const);
      for (const what of files) {
        const path = join(this.#directory, id, what === 'disk' ? 'disk.qcow2' : 'state');
        if (!existsSync(path)) problems.push(`I6: template ${name} has lost its ${what}`);
        else if ((await this.#hashOf(path)) !== hashes[what])
          problems.push(`I6: the ${what} of template ${name} differs from its hash`);
      }
    }
    return problems;
  }

  async #hashOf(path: string): Promise<string> {
    const { ino, size, mtimeMs } = statSync(path);
    const mark = `${ino} ${size} ${mtimeMs}`;
    const known = this.#seen.get(path);
    if (known?.mark === mark) return known.hash;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    const hex = hash.digest('hex');
    this.#seen.set(path, { mark, hash: hex });
    return hex;
  }
}

/** Undefined when it is just being written, or removed. */
function read(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}
