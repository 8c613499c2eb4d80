import { expect, test } from 'vitest';
import { schedule } from '../../../bench/measure/schedule.ts';

const BOTH = { podman: true, libvirt: true };
const NONE = { podman: false, libvirt: false };

test('each contestant has its runs, after one turn to warm up', () => {
  const turns = schedule(30, 5, BOTH);
  for (const contestant of ['fork-template', 'fork-warm', 'fork-running', 'podman', 'podman-shop'] as const) {
    const own = turns.filter((turn) => turn.contestant === contestant);
    expect(own.filter(({ timed }) => timed)).toHaveLength(30);
    expect(own[0]?.timed).toBe(false);
    expect(own.filter(({ timed }) => !timed)).toHaveLength(1);
  }
});

test('ours and podman’s take turns within each round, and the order alternates', () => {
  const rounds = schedule(2, 0, BOTH)
    .filter(({ timed }) => timed)
    .map(({ contestant }) => contestant);
  expect(rounds.slice(0, 5)).toEqual(['fork-template', 'podman', 'fork-warm', 'fork-running', 'podman-shop']);
  expect(rounds.slice(5)).toEqual(rounds.slice(0, 5).toReversed());
});

test('cold boots are spread over the rounds', () => {
  const at = schedule(30, 5, NONE).flatMap(({ contestant }, index) =>
    contestant === 'cold-boot' ? [index] : [],
  );
  expect(at).toHaveLength(5);
  const gaps = at.slice(1).map((index, order) => index - (at[order] ?? 0));
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(2);
});

test('there may be more cold boots than rounds', () => {
  expect(schedule(1, 3, NONE).filter(({ contestant }) => contestant === 'cold-boot')).toHaveLength(3);
});

test('each of libvirt’s boots follows one of ours', () => {
  const turns = schedule(30, 5, BOTH).map(({ contestant }) => contestant);
  const boots = turns.flatMap((contestant, index) => (contestant === 'cold-boot' ? [turns[index + 1]] : []));
  expect(boots).toEqual(Array.from({ length: 5 }, () => 'libvirt'));
  expect(schedule(3, 1, { podman: true, libvirt: false }).map(({ contestant }) => contestant)).not.toContain(
    'libvirt',
  );
});

test('without podman only ours are left', () => {
  expect(schedule(3, 1, NONE).some(({ contestant }) => contestant.startsWith('podman'))).toBe(false);
});
