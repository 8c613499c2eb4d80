import { berthError } from '../errors/index.ts';
import { ensureDirectory, isRoot } from '../host/index.ts';
import { openKvmDevice, openTunDevice } from './device-permissions.ts';
import { loadKernelModules } from './kernel-modules.ts';
import { setMemoryMerging } from './memory-merging.ts';
import { readHostPackages } from './packages/host-packages.ts';
import { installPackages } from './packages/install-packages.ts';
import { type PlannedPackage, planPackages } from './packages/plan-packages.ts';
import { DEFAULT_QEMU } from '../hypervisor/index.ts';

export interface SetupOptions {
  /** BERTH_HOME; made when it is missing. */
  home: string;
  /** `BERTH_DEBIAN_MIRROR` is read from it. */
  env: Record<string, string | undefined>;
  /** Whether equal memory of environments that allow it is merged from now on; absent: as it was. */
  mergeMemory?: boolean;
  /** Program name or path of QEMU, default `qemu-system-x86_64`. */
  qemuPath?: string;
  signal?: AbortSignal;
}

export interface SetupProgress {
  /** A step begins, or, with the title of the current one, has a new detail. */
  onStep(title: string, detail?: string): void;
}

export interface SetupResult {
  /** What was installed; empty when nothing was missing. */
  readonly packages: readonly PlannedPackage[];
  /** Devices whose permissions were changed. */
  readonly devices: readonly string[];
}

/** What {@link setup} would install and why. Needs no privileges. Throws `host-setup-failed` without dpkg. */
export async function planSetup(
  o: Pick<SetupOptions, 'qemuPath' | 'signal'> = {},
): Promise<PlannedPackage[]> {
  const { qemuPath = DEFAULT_QEMU, signal } = o;
  return planPackages(await readHostPackages({ qemuPath, ...(signal === undefined ? {} : { signal }) }));
}

/**
 * Makes the host ready: installs missing packages, loads kernel modules, opens devices to machines. May be called
 * again at any time; changes nothing when nothing is missing.
 * Throws `not-root`, `host-setup-failed` with cause and remedy, or `cancelled`.
 */
export async function setup(o: SetupOptions, progress: SetupProgress): Promise<SetupResult> {
  if (!isRoot()) {
    throw berthError('not-root', 'preparing the host needs root', { remedy: 'run sudo ./berth host setup' });
  }
  await ensureDirectory(o.home);
  progress.onStep('look at what is installed');
  const packages = await planSetup(o);
  if (packages.length > 0) await install(packages, o, progress);
  progress.onStep('load kernel modules');
  await loadKernelModules(o.signal);
  progress.onStep('open devices to machines');
  const devices = [
    ...((await openTunDevice()) ? ['/dev/net/tun'] : []),
    ...((await openKvmDevice()) ? ['/dev/kvm'] : []),
  ];
  if (o.mergeMemory !== undefined) {
    progress.onStep(o.mergeMemory ? 'have equal memory merged' : 'have equal memory merged no more');
    await setMemoryMerging(o.home, o.mergeMemory);
  }
  return { packages, devices };
}

async function install(
  packages: readonly PlannedPackage[],
  o: SetupOptions,
  progress: SetupProgress,
): Promise<void> {
  const title = `install ${packages.length} Debian package${packages.length === 1 ? '' : 's'}`;
  for (const planned of packages) progress.onStep(title, describePackage(planned));
  await installPackages(packages, { ...o, onLine: (line) => progress.onStep(title, line) });
  await assertInstalled(o);
}

/** One line for people: `qemu-utils (bookworm-backports): makes the copy-on-write disks of forks`. */
export function describePackage(planned: PlannedPackage): string {
  const suite = planned.suite === undefined ? '' : ` (${planned.suite})`;
  return `${planned.name}${suite}: ${planned.why}`;
}

/** apt may end well and leave too old a QEMU, where the distribution has no newer one. */
async function assertInstalled(o: SetupOptions): Promise<void> {
  const [left] = await planSetup(o);
  if (left === undefined) return;
  throw berthError(
    'host-setup-failed',
    `${left.name} is still missing after the installation (${left.why})`,
    {
      remedy: 'use Debian 12 or 13, or install QEMU 9.0 or newer yourself',
    },
  );
}
