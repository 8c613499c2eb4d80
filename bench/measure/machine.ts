import { availableParallelism, cpus, release } from 'node:os';
import type { Client } from '../../src/client/index.ts';
import { exists, hostMemory, readText, run } from '../../src/host/index.ts';
import { berthError } from '../../src/errors/index.ts';

/** What the figures hold for. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly kernel: string;
  /** True when the host is a virtual machine itself. */
  readonly virtual: boolean;
  readonly node: string;
  readonly qemu: string;
  readonly accelerator: string;
  /** Versions of the peers that took part. */
  readonly podman?: string;
  readonly libvirt?: string;
  readonly nginx?: string;
  readonly haproxy?: string;
  readonly wrk?: string;
  /** Commit of the repository, with `+` when files differ from it. */
  readonly commit: string;
  /** Runnable tasks averaged over the last minute, when the bench began. */
  readonly loadBefore: number;
}

/** Versions by the name of the peer. */
export type PeerVersions = Pick<MachineFacts, 'podman' | 'libvirt' | 'nginx' | 'haproxy' | 'wrk'>;

/** Facts of this host, without those of peers. */
export async function machineFacts(root: string, client: Client | undefined): Promise<MachineFacts> {
  const version = await client?.version();
  const load = (await readText('/proc/loadavg')) ?? '';
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: (await hostMemory()).totalBytes,
    os: (/^PRETTY_NAME="?([^"\n]*)/m.exec((await readText('/etc/os-release')) ?? '') ?? [])[1] ?? 'unknown',
    kernel: release(),
    virtual: await isVirtual(),
    node: process.versions.node,
    qemu: version?.qemuVersion ?? 'not used',
    accelerator: version?.accelerator ?? 'not used',
    commit: await commitOf(root),
    loadBefore: Number(load.split(' ')[0] ?? 0),
  };
}

async function isVirtual(): Promise<boolean> {
  const flags = /^flags\s*:(.*)$/m.exec((await readText('/proc/cpuinfo')) ?? '')?.[1] ?? '';
  return flags.split(' ').includes('hypervisor');
}

async function commitOf(root: string): Promise<string> {
  if (!(await exists(`${root}/.git`))) return 'unknown';
  const git = async (...argv: string[]) => (await run(['git', '-C', root, ...argv])).stdout.trim();
  try {
    const changed = await git(
      'status',
      '--porcelain',
      '--untracked-files=no',
      '--',
      'src',
      'guest',
      'bench',
      'examples',
    );
    return `${await git('rev-parse', '--short=10', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch (error) {
    throw berthError('command-failed', 'git cannot tell which commit is measured', { cause: error });
  }
}
