import { expect, test } from 'vitest';
import { linkNames } from '../../../src/network/slot-factory.ts';

test('reads the interface names, also when `ip` has nothing to say', () => {
  expect(linkNames('[{"ifindex":3,"ifname":"bv7","flags":["UP"]},{},{"ifname":"bv8"}]')).toEqual([
    'bv7',
    'bv8',
  ]);
  expect(linkNames('[]')).toEqual([]);
  expect(linkNames('\n')).toEqual([]);
});
