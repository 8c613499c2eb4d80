import { expect, test } from 'vitest';
import { readOptions } from '../../../bench/options.ts';

test('everything but the quickstart is measured, 30 runs and 20 forks', () => {
  expect(readOptions([])).toMatchObject({
    stages: [
      ...['fork', 'burst', 'growth', 'density', 'fleet', 'sleep'],
      ...['cli', 'docker', 'project', 'capacity', 'daemon', 'port'],
    ],
    runs: 30,
    forks: 20,
    fleet: 200,
    libvirt: false,
    quick: false,
    publish: [],
  });
});

test('a quick run has few of everything, and may be told how many', () => {
  expect(readOptions(['--quick'])).toMatchObject({ quick: true, runs: 5, coldRuns: 1, forks: 4 });
  expect(readOptions(['--quick', '--runs', '2']).runs).toBe(2);
});

test('a number of forks holds for those alive at once and for the fleet', () => {
  expect(readOptions(['--forks', '64'])).toMatchObject({ forks: 64, fleet: 64 });
});

test('stages are chosen by name, in their own order', () => {
  expect(readOptions(['--only', 'port', '--libvirt'])).toMatchObject({ stages: ['port'], libvirt: true });
  expect(readOptions(['--only', 'quickstart', '--only', 'fork']).stages).toEqual(['fork', 'quickstart']);
});

test.each([
  [['--only', 'speed'], /no stage speed/],
  [['--runs', '0'], /1 to 1000/],
  [['--runs', 'many'], /1 to 1000/],
  [['--forks', '1001'], /--forks takes a number from 1 to 1000/],
  [['--forks', '2.5'], /1 to 1000/],
  [['--fast'], /--fast/],
])('%j is refused', (argv, message) => {
  expect(() => readOptions(argv)).toThrow(message);
});
