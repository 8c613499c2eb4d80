import { expect, test } from 'vitest';
import { problems, project } from './read.ts';

const file = (idle: string) => `services: {a: {image: x}}\nx-berth: {idle: ${idle}}`;

test('reads when an environment comes to rest', () => {
  expect(project(file('{after: 30s}')).berth.idle).toEqual({
    ...{ afterMs: 30_000, rest: 'freeze', wake: 'connect', ignore: [], awake: [] },
  });
  const all =
    '{after: 2m, then: sleep, sleep-after: 1h, wake: data, ignore: [10.0.0.0/8, "::1"], awake: [mon-fri 8:00-18:00, "fri-sun,wed 22:00-02:00", 00:00-24:00]}';
  expect(project(file(all)).berth.idle).toEqual({
    ...{ afterMs: 120_000, rest: 'sleep', sleepAfterMs: 3_600_000, wake: 'data' },
    ignore: ['10.0.0.0/8', '::1'],
    awake: [
      { days: [1, 2, 3, 4, 5], from: 480, to: 1080 },
      { days: [0, 3, 5, 6], from: 1320, to: 120 },
      { days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 1440 },
    ],
  });
});

test.each([
  ['30s', 'idle must be a map'],
  ['{}', 'idle.after is missing'],
  ['{after: soon}', 'idle.after must be a time'],
  ['{after: 10ms}', 'idle.after must be a time'],
  ['{after: 30s, then: nap}', 'idle.then must be "freeze" or "sleep"'],
  ['{after: 30s, wake: never}', 'idle.wake must be "connect" or "data"'],
  ['{after: 30s, ignore: [300.0.0.1]}', 'idle.ignore[0] must be an address'],
  ['{after: 30s, ignore: [10.0.0.0/33]}', 'idle.ignore[0] must be an address'],
  ['{after: 30s, ignore: ["1:2"]}', 'idle.ignore[0] must be an address'],
  ['{after: 30s, awake: [mon 8-9]}', 'idle.awake[0] must be a time of the week'],
  ['{after: 30s, awake: [moon 08:00-09:00]}', 'idle.awake[0] must be a time of the week'],
  ['{after: 30s, awake: [08:00-08:00]}', 'idle.awake[0] must be a time of the week'],
  ['{after: 30s, afters: 1}', 'idle.afters there is no key'],
])('%s is a problem', (idle, message) => {
  const found = problems(file(idle));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(`x-berth.${message}`);
});
