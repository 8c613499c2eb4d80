import { readJson } from '../host/index.ts';

/** Version of the daemon and the command line, as in `package.json`. */
export async function ownVersion(): Promise<string> {
  const path = new URL('../../package.json', import.meta.url).pathname;
  return (await readJson<{ version: string }>(path))?.version ?? '0.0.0';
}
