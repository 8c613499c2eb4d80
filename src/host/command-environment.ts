/** Where Debian keeps `nft`, `ip` and `mkfs.ext4`; the `PATH` of an ordinary login lacks them. */
const ADMINISTRATOR_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** `path` with the administrator's program directories appended where they are missing. */
export function withAdministratorPath(path: string | undefined): string {
  const entries = (path ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter((entry) => entry !== '');
  const missing = ADMINISTRATOR_DIRECTORIES.filter((directory) => !entries.includes(directory));
  return [...entries, ...missing].join(':');
}

/** The environment of every program Berth starts: ours, English messages, administrator's programs, then `extra`. */
export function commandEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const PATH = withAdministratorPath(process.env.PATH);
  return { ...process.env, PATH, LC_ALL: 'C.UTF-8', LANGUAGE: 'C', ...extra };
}
