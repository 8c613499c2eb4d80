import { run } from '../host/index.ts';

const NAMES = { 'Acquire::http::Proxy': 'http_proxy', 'Acquire::https::Proxy': 'https_proxy' } as const;

/** The proxy that the host's apt uses, as environment variables: the build uses it, the guest does not inherit it. */
export async function aptProxyEnvironment(signal: AbortSignal | undefined): Promise<Record<string, string>> {
  const names = Object.keys(NAMES) as (keyof typeof NAMES)[];
  const { stdout } = await run(['apt-config', 'dump', '--format', '%f=%v%n', ...names], {
    ...(signal === undefined ? {} : { signal }),
  });
  return parseAptProxy(stdout);
}

/** Reads lines `Acquire::http::Proxy=<url>`; `DIRECT` and nothing mean no proxy. */
export function parseAptProxy(dump: string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const line of dump.split('\n')) {
    for (const [name, variable] of Object.entries(NAMES)) {
      const value = line.startsWith(`${name}=`) ? line.slice(name.length + 1) : '';
      if (/^https?:\/\//.test(value)) environment[variable] = value;
    }
  }
  return environment;
}
