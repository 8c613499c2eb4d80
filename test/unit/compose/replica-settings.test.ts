import { expect, test } from 'vitest';
import { problems, project } from './read.ts';

const file = (replicas: string, more = '') =>
  `services: {a: {image: x}}\nx-berth: {replicas: ${replicas}${more}}`;

test('reads how many machines answer', () => {
  const rest = { target: 'connections', value: 20, coolDownMs: 60_000, drainMs: 30_000 };
  expect(project(file('{max: 5}')).berth.replicas).toEqual({ min: 1, max: 5, ...rest });
  expect(project(file('{min: 3}')).berth.replicas).toEqual({ min: 3, max: 3, ...rest });
  const all = '{min: 0, max: 8, target: latency, value: 250ms, cool-down: 2m, drain: 5s}';
  expect(project(file(all, ', idle: {after: 30s}')).berth.replicas).toEqual({
    ...{ min: 0, max: 8, target: 'latency', value: 250, coolDownMs: 120_000, drainMs: 5_000 },
  });
  expect(project(file('{max: 2, target: cpu, value: 50%}')).berth.replicas).toMatchObject({ value: 50 });
  expect(project('services: {a: {image: x}}').berth.replicas).toBeUndefined();
});

test.each([
  ['3', 'replicas must be a map'],
  ['{min: 4, max: 2}', 'replicas.min must not be more than max'],
  ['{min: 0, max: 2}', 'replicas.min can be 0 only beside x-berth.idle'],
  ['{max: 0}', 'replicas.max must be a whole number from 1'],
  ['{max: 65}', 'replicas.max must be a whole number from 1 to 64'],
  ['{max: 2, target: memory}', 'replicas.target must be "connections"'],
  ['{max: 2, value: many}', 'replicas.value must be a number of connections'],
  ['{max: 2, target: cpu, value: 0}', 'replicas.value must be a percentage'],
  ['{max: 2, target: latency, value: fast}', 'replicas.value must be a time'],
  ['{max: 2, drain: 2h}', 'replicas.drain must be a time of at most 1h'],
  ['{max: 2, most: 3}', 'replicas.most there is no key'],
])('%s is a problem', (text, message) => {
  const found = problems(file(text));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(`x-berth.${message}`);
});
