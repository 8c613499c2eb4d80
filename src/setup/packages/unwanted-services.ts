import { exists, findProgram, run } from '../../host/index.ts';
import type { PlannedPackage } from './plan-packages.ts';
import { REQUIRED_PACKAGES } from './required-packages.ts';

/** There when systemd runs the host. */
const SYSTEMD = '/run/systemd/system';

/** Services that these packages would start by themselves. Only of packages that are not there yet: what runs already is the administrator's. */
export function servicesOf(packages: readonly Pick<PlannedPackage, 'name'>[]): string[] {
  const names = new Set(packages.map(({ name }) => name));
  return REQUIRED_PACKAGES.flatMap(({ name, service }) =>
    service !== undefined && names.has(name) ? [service] : [],
  );
}

/**
 * Installs packages and leaves their services neither running nor enabled: they are masked meanwhile, until the host restarts at
 * the latest, and disabled afterwards. Whoever wants one enables it as usual.
 */
export async function withoutServices(
  services: readonly string[],
  install: () => Promise<void>,
): Promise<void> {
  const hasSystemd = await exists(SYSTEMD);
  for (const service of services) if (hasSystemd) await attempt(['systemctl', 'mask', '--runtime', service]);
  try {
    await install();
  } finally {
    for (const service of services) {
      if (hasSystemd) await attempt(['systemctl', 'unmask', '--runtime', service]);
      await disable(service, hasSystemd);
    }
  }
}

async function disable(service: string, hasSystemd: boolean): Promise<void> {
  const script = `/etc/init.d/${service}`;
  // Without systemd the package's script has started it, unless the host forbids that.
  if (!hasSystemd && (await exists(script))) await attempt([script, 'stop']);
  if ((await findProgram('systemctl')) !== undefined) await attempt(['systemctl', 'disable', service]);
  if (await exists(script)) await attempt(['update-rc.d', service, 'disable']);
}

/** What the installation came to is what counts; a host without one of these programs has nothing for it to do. */
async function attempt(argv: readonly string[]): Promise<void> {
  await run(argv, { timeoutMs: 60_000 }).catch(() => undefined);
}
