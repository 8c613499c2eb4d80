import type { ImageId } from './ids.ts';

/** A guest operating system on disk, addressed by the hash of what it was made from. */
export interface Image {
  readonly id: ImageId;
  /** Name of its recipe, for example `debian-13`. */
  readonly name: string;
  readonly createdAt: string;
  /** Hash of the recipe and all of its files (sha256, hex). */
  readonly recipeHash: string;
  /** Kernel release inside, for example `6.12.41+deb13-cloud-amd64`. */
  readonly kernel: string;
  /** Bytes it occupies on the host. */
  readonly diskBytes: number;
  /** Installed packages, name → version. */
  readonly packages: Readonly<Record<string, string>>;
  /** sha256 (hex) of each file, by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** False when the recipe has changed since it was built. */
  readonly current: boolean;
}
