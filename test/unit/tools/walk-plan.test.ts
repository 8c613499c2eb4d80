import { expect, test } from 'vitest';
import { type FaultKind, planWalk, type Step } from '../../faults/rig/walk/plan.ts';

const KINDS: readonly FaultKind[] = [
  'daemon-kill',
  'machine-kill',
  'machine-hang',
  'disk-full',
  'clock-step',
];

function steps(seed: number, count: number, kinds = KINDS): Step[] {
  return planWalk(seed, kinds).take(count).toArray();
}

test('the same seed gives the same operations and faults, another one others', () => {
  expect(steps(7, 300)).toEqual(steps(7, 300));
  expect(steps(7, 300)).not.toEqual(steps(8, 300));
});

test('every kind of operation and of fault comes, and faults of what is not there do not', () => {
  const all = steps(1, 2_000);
  expect(new Set(all.map(({ verb }) => verb)).size).toBe(13);
  expect(new Set(all.flatMap(({ fault }) => fault?.kind ?? []))).toEqual(new Set(KINDS));
  expect(
    steps(1, 500, ['daemon-kill']).every(({ fault }) => (fault?.kind ?? 'daemon-kill') === 'daemon-kill'),
  ).toBe(true);
});
