import { arch, release } from 'node:os';
import { type Check, fine, problem } from '../check.ts';
import { type DistributionRelease, hostRelease } from '../packages/debian-release.ts';

const SUPPORTED = ['12', '13'];

function isSupported(distribution: DistributionRelease): boolean {
  return distribution.id === 'debian' && SUPPORTED.includes(distribution.version ?? '');
}

/** The distribution and the processor's architecture. */
export const checkSystem: Check = async () => {
  if (arch() !== 'x64') {
    return [
      problem('system', 'error', `the processor is ${arch()}; Berth needs x86-64`, 'use an x86-64 host'),
    ];
  }
  const distribution = await hostRelease();
  const message = `${distribution.title}, Linux ${release()}`;
  return [
    isSupported(distribution)
      ? fine('system', message)
      : problem(
          'system',
          'warning',
          `${message}: Berth is tried on Debian 12 and 13 only`,
          'prefer a Debian 12 or 13 host',
        ),
  ];
};
