/** A Debian package that Berth needs on the host. */
export interface RequiredPackage {
  readonly name: string;
  /** What it is needed for, as a person reads it. */
  readonly why: string;
  /** Programs or files by which its presence shows. */
  readonly provides: readonly string[];
  /** Which check of the doctor looks for it. */
  readonly group: 'network-tools' | 'build-tools' | 'machine-tools' | 'cache-tools' | 'backup-tools';
  /** True when it must come from backports on a release whose own version is too old. */
  readonly fromBackports?: boolean;
  /** A service that the package starts by itself, and that Berth does not want. */
  readonly service?: string;
}

export const KEYRING_PATH = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Everything Berth runs on the host, in the order in which the missing are shown. */
export const REQUIRED_PACKAGES: readonly RequiredPackage[] = [
  {
    name: 'qemu-system-x86',
    why: 'runs the machines',
    provides: ['qemu-system-x86_64'],
    group: 'machine-tools',
    fromBackports: true,
  },
  {
    name: 'qemu-utils',
    why: 'makes the copy-on-write disks of forks',
    provides: ['qemu-img'],
    group: 'machine-tools',
    fromBackports: true,
  },
  {
    name: 'util-linux',
    why: 'starts machines without privileges',
    provides: ['setpriv'],
    group: 'machine-tools',
  },
  {
    name: 'bubblewrap',
    why: 'shows each machine its own files and nothing else of the host',
    provides: ['bwrap'],
    group: 'machine-tools',
  },
  {
    name: 'iproute2',
    why: 'gives each environment a network of its own',
    provides: ['ip'],
    group: 'network-tools',
  },
  {
    name: 'nftables',
    why: 'keeps guests apart from the host and each other',
    provides: ['nft'],
    group: 'network-tools',
  },
  {
    name: 'dnsmasq-base',
    why: 'answers name queries of guests',
    provides: ['dnsmasq'],
    group: 'network-tools',
  },
  {
    name: 'procps',
    why: 'lets namespaces pass packets on',
    provides: ['sysctl'],
    group: 'network-tools',
  },
  { name: 'mmdebstrap', why: 'builds the guest image', provides: ['mmdebstrap'], group: 'build-tools' },
  {
    name: 'e2fsprogs',
    why: 'makes the guest image’s file system',
    provides: ['mkfs.ext4'],
    group: 'build-tools',
  },
  { name: 'cpio', why: 'packs the guest’s boot archive', provides: ['cpio'], group: 'build-tools' },
  { name: 'zstd', why: 'compresses the guest’s boot archive', provides: ['zstd'], group: 'build-tools' },
  {
    name: 'busybox-static',
    why: 'is the first program of a booting guest',
    provides: ['/bin/busybox'],
    group: 'build-tools',
  },
  {
    name: 'ca-certificates',
    why: 'verifies mirrors that are reached by https',
    provides: ['/etc/ssl/certs/ca-certificates.crt'],
    group: 'build-tools',
  },
  {
    name: 'debian-archive-keyring',
    why: 'verifies the packages of the guest',
    provides: [KEYRING_PATH],
    group: 'build-tools',
  },
  {
    name: 'docker-registry',
    why: 'keeps pulled container images for the next environment',
    provides: ['docker-registry'],
    group: 'cache-tools',
    service: 'docker-registry',
  },
  {
    name: 'restic',
    why: 'keeps backups of environments',
    provides: ['restic'],
    group: 'backup-tools',
  },
];
