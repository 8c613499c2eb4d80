import { BerthError } from '../../errors/index.ts';
import { berthError } from '../../errors/index.ts';
import { run } from '../../host/index.ts';
import { parseQemuVersion, readQemuVersion } from '../../hypervisor/index.ts';
import { hostRelease } from './debian-release.ts';
import type { HostPackages } from './plan-packages.ts';
import { REQUIRED_PACKAGES } from './required-packages.ts';

/** Looks at what is installed. Throws `host-setup-failed` where packages are not managed by dpkg. */
export async function readHostPackages(o: { qemuPath: string; signal?: AbortSignal }): Promise<HostPackages> {
  const [release, installed, qemu] = await Promise.all([
    hostRelease(),
    installedPackages(o.signal),
    qemuState(o.qemuPath),
  ]);
  return { release, installed, ...qemu };
}

/** Names among the packages of `dpkg-query` output lines `name<tab>status` that are wholly installed. */
export function parseInstalled(text: string): Set<string> {
  const rows = text.split('\n').map((line) => line.split('\t'));
  return new Set(rows.filter(([, status]) => status?.startsWith('ii')).map(([name = '']) => name));
}

async function installedPackages(signal: AbortSignal | undefined): Promise<Set<string>> {
  const names = REQUIRED_PACKAGES.map((required) => required.name);
  const format = '${Package}\t${db:Status-Abbrev}\n';
  try {
    // Exit code 1: some of the packages are not known at all.
    const query = ['dpkg-query', '--show', `--showformat=${format}`, ...names];
    const { stdout } = await run(query, { okExitCodes: [1], ...(signal === undefined ? {} : { signal }) });
    return parseInstalled(stdout);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'tool-missing') throw error;
    throw berthError('host-setup-failed', 'this host has no dpkg: packages can be installed on Debian only', {
      cause: error,
      remedy: `install these yourself: ${names.join(', ')}`,
    });
  }
}

async function qemuState(qemuPath: string): Promise<{ qemuVersion?: string; qemuUsable: boolean }> {
  try {
    return { qemuVersion: await readQemuVersion(qemuPath), qemuUsable: true };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    if (error.code === 'qemu-missing') return { qemuUsable: false };
    if (error.code !== 'qemu-too-old') throw error;
    const { stdout } = await run([qemuPath, '--version'], { timeoutMs: 15_000 });
    return { qemuVersion: parseQemuVersion(stdout) ?? 'unknown', qemuUsable: false };
  }
}
