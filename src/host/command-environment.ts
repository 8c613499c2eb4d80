/** Where Debian keeps `nft`, `ip` and `mkfs.ext4`; the `PATH` of an ordinary login lacks them. */
const ADMINISTRATOR_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** `path` with the administrator's program directories appended where they are missing. */
export function withAdministratorPath(path: string | undefined): string {
  const entries = (path ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter((entry) => entry !== '');
  const missing = ADMINISTRATOR_DIRECTORIES.filter((directory) => !entries.includes(directory));
  return [...entries, ...missing].join(':');
}

/** The environment of every program Berth starts: what `keep` lets through of ours, English messages, administrator's programs, then `extra`. */
export function commandEnvironment(
  extra: Record<string, string> = {},
  keep: (name: string) => boolean = () => true,
): NodeJS.ProcessEnv {
  const PATH = withAdministratorPath(process.env.PATH);
  const ours = Object.entries(process.env).filter(([name]) => keep(name));
  return { ...Object.fromEntries(ours), PATH, LC_ALL: 'C.UTF-8', LANGUAGE: 'C', ...extra };
}
