import { expect, test } from 'vitest';
import { resolveHome } from '../../../src/host/index.ts';

test('data and sockets have their places', () => {
  expect(resolveHome({})).toEqual({ home: '/var/lib/berth', run: '/run/berth' });
  expect(resolveHome({ BERTH_HOME: '' })).toEqual({ home: '/var/lib/berth', run: '/run/berth' });
});

test('BERTH_HOME moves both', () => {
  expect(resolveHome({ BERTH_HOME: '/x/y/' })).toEqual({ home: '/x/y', run: '/x/y/run' });
  expect(resolveHome({ BERTH_HOME: 'y' }).home).toBe(`${process.cwd()}/y`);
});
