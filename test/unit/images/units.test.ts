import { expect, test } from 'vitest';
import { unitLinks } from '../../../src/images/units.ts';

test('own units, units of packages, masks and generators become links', () => {
  const links = unitLinks(
    {
      wants: { 'multi-user.target': ['own.service', 'ssh.socket'] },
      mask: ['apt-daily.timer'],
      maskGenerators: ['systemd-getty-generator'],
    },
    new Set(['own.service']),
  );
  expect(links).toEqual([
    { path: '/etc/systemd/system/default.target', target: '/usr/lib/systemd/system/multi-user.target' },
    {
      path: '/etc/systemd/system/multi-user.target.wants/own.service',
      target: '/etc/systemd/system/own.service',
    },
    {
      path: '/etc/systemd/system/multi-user.target.wants/ssh.socket',
      target: '/usr/lib/systemd/system/ssh.socket',
    },
    { path: '/etc/systemd/system/apt-daily.timer', target: '/dev/null' },
    { path: '/etc/systemd/system-generators/systemd-getty-generator', target: '/dev/null' },
  ]);
});
