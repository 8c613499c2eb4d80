import { type DistributionRelease, needsBackports } from './debian-release.ts';
import { REQUIRED_PACKAGES } from './required-packages.ts';

/** One package to install. */
export interface PlannedPackage {
  readonly name: string;
  /** What it is needed for. */
  readonly why: string;
  /** Suite to take it from, for example `bookworm-backports`; the release's own when absent. */
  readonly suite?: string;
}

/** What the plan is made from. */
export interface HostPackages {
  readonly release: DistributionRelease;
  /** Installed packages. */
  readonly installed: ReadonlySet<string>;
  /** Version of the `qemu-system-x86_64` that is found, whoever installed it; absent when there is none. */
  readonly qemuVersion?: string;
  /** True when a QEMU that is new enough is found. */
  readonly qemuUsable: boolean;
}

const QEMU = 'qemu-system-x86';

/** Which packages are missing and why each is needed; empty when the host has all. */
export function planPackages(host: HostPackages): PlannedPackage[] {
  const suite = needsBackports(host.release) ? `${host.release.codename}-backports` : undefined;
  return REQUIRED_PACKAGES.filter((required) => isNeeded(required.name, host)).map((required) => ({
    name: required.name,
    why:
      required.name === QEMU && host.qemuVersion !== undefined
        ? `${required.why}; ${host.qemuVersion} is too old`
        : required.why,
    ...(required.fromBackports === true && suite !== undefined ? { suite } : {}),
  }));
}

/** A QEMU from elsewhere serves as well; one that is too old is replaced together with its tools. */
function isNeeded(name: string, host: HostPackages): boolean {
  const tooOld = host.qemuVersion !== undefined && !host.qemuUsable;
  if (name === QEMU) return !host.qemuUsable;
  if (name === 'qemu-utils' && tooOld) return true;
  return !host.installed.has(name);
}
