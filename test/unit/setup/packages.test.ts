import { expect, test } from 'vitest';
import { parseRelease } from '../../../src/setup/packages/debian-release.ts';
import { parseInstalled } from '../../../src/setup/packages/host-packages.ts';
import { type HostPackages, planPackages } from '../../../src/setup/packages/plan-packages.ts';
import { servicesOf } from '../../../src/setup/packages/unwanted-services.ts';
import { REQUIRED_PACKAGES } from '../../../src/setup/packages/required-packages.ts';

const DEBIAN_12 = { id: 'debian', version: '12', codename: 'bookworm', title: 'Debian 12' };
const DEBIAN_13 = { id: 'debian', version: '13', codename: 'trixie', title: 'Debian 13' };
const ALL = new Set(REQUIRED_PACKAGES.map(({ name }) => name));

function host(changes: Partial<HostPackages>): HostPackages {
  return { release: DEBIAN_13, installed: ALL, qemuVersion: '10.0.2', qemuUsable: true, ...changes };
}

test('nothing is planned where nothing is missing', () => {
  expect(planPackages(host({}))).toEqual([]);
});

test('a bare host lacks everything, and each package says why', () => {
  const bare: HostPackages = { release: DEBIAN_13, installed: new Set(), qemuUsable: false };
  const planned = planPackages(bare);
  expect(planned.map(({ name }) => name)).toEqual([...ALL]);
  expect(planned.every(({ why, suite }) => why.length > 10 && suite === undefined)).toBe(true);
});

test('every program that the network calls comes with a package', () => {
  const provided = REQUIRED_PACKAGES.flatMap(({ provides }) => provides);
  expect(provided).toEqual(expect.arrayContaining(['ip', 'nft', 'sysctl', 'dnsmasq']));
});

test('on Debian 12 QEMU and its tools come from backports, the rest does not', () => {
  const bare: HostPackages = { release: DEBIAN_12, installed: new Set(), qemuUsable: false };
  const suites = new Map(planPackages(bare).map(({ name, suite }) => [name, suite]));
  expect(suites.get('qemu-system-x86')).toBe('bookworm-backports');
  expect(suites.get('qemu-utils')).toBe('bookworm-backports');
  expect(suites.get('mmdebstrap')).toBeUndefined();
});

test('a QEMU that is too old is replaced with its tools, and the reason says so', () => {
  const planned = planPackages(host({ release: DEBIAN_12, qemuVersion: '7.2.22', qemuUsable: false }));
  expect(planned).toEqual([
    { name: 'qemu-system-x86', why: 'runs the machines; 7.2.22 is too old', suite: 'bookworm-backports' },
    { name: 'qemu-utils', why: 'makes the copy-on-write disks of forks', suite: 'bookworm-backports' },
  ]);
});

test('a QEMU that did not come from a package serves', () => {
  const installed = new Set([...ALL].filter((name) => name !== 'qemu-system-x86'));
  expect(planPackages(host({ installed }))).toEqual([]);
});

test('reads os-release files', () => {
  const text =
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
  expect(parseRelease(text)).toEqual({
    id: 'debian',
    version: '12',
    codename: 'bookworm',
    title: 'Debian GNU/Linux 12 (bookworm)',
  });
  expect(parseRelease('')).toEqual({ id: 'linux', title: 'unknown Linux' });
});

test('counts only what is wholly installed', () => {
  expect(parseInstalled('zstd\tii \ncpio\trc \nnftables\tiF \n')).toEqual(new Set(['zstd']));
});

test('the service of a package is kept from starting only where the package is installed now', () => {
  expect(servicesOf([{ name: 'docker-registry' }, { name: 'cpio' }])).toEqual(['docker-registry']);
  expect(servicesOf([{ name: 'cpio' }])).toEqual([]);
});
