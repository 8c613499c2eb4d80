import { readText } from '../../host/index.ts';

/** Which distribution a host runs. */
export interface DistributionRelease {
  /** `debian`, `ubuntu`, … */
  readonly id: string;
  /** `12`; absent for a rolling release. */
  readonly version?: string;
  /** `bookworm`; absent where the distribution names none. */
  readonly codename?: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly title: string;
}

/** Parses an `os-release` file (os-release(5)). */
export function parseRelease(text: string): DistributionRelease {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(["']?)(.*)\2\s*$/.exec(line);
    if (match !== null) fields.set(match[1] ?? '', match[3] ?? '');
  }
  const version = fields.get('VERSION_ID');
  const codename = fields.get('VERSION_CODENAME');
  return {
    id: fields.get('ID') ?? 'linux',
    title: fields.get('PRETTY_NAME') ?? 'unknown Linux',
    ...(version === undefined ? {} : { version }),
    ...(codename === undefined ? {} : { codename }),
  };
}

/** The distribution this host runs. */
export async function hostRelease(): Promise<DistributionRelease> {
  return parseRelease((await readText('/etc/os-release')) ?? '');
}

/** True where the release's own QEMU is too old and its backports have one that is new enough. */
export function needsBackports(release: DistributionRelease): boolean {
  return release.id === 'debian' && release.codename === 'bookworm';
}
