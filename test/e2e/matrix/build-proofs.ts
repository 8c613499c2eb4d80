import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import type { Seen } from './seen.ts';

const told = (path: string, text: string | RegExp) => (seen: Seen) =>
  expect(seen.fact('built', `file:${path}`)).toMatch(text);
const runs = (service: string) => (seen: Seen) => expect(seen.runs(service)).toBe(true);

/** Of how images are made. */
export const buildProofs: Proofs = {
  'services.*.build as text': (seen) => expect(seen.fact('plain-build', 'file:/in/hello.txt')).toBe('hello'),
  'services.*.build.context': runs('built'),
  'services.*.build.dockerfile': told('/in/word', 'given'),
  'services.*.build.args': told('/in/word', 'given'),
  'services.*.build.target': (seen) => expect(seen.fact('built', 'environment')).toContain('STAGE=final'),
  'services.*.build.labels': (seen) =>
    expect(seen.inspect('built', 'Config', 'Labels', 'a.build')).toBe('one'),
  'services.*.build.tags': (seen) => expect(seen.images()).toContain('localhost/berth/built:2'),
  'services.*.build.network': (seen) => expect(seen.fact('built', 'file:/in/links')).toContain('eth0'),
  'services.*.build.shm_size': (seen) =>
    expect(seen.fact('built', 'file:/in/mounts')).not.toMatch(/\/dev\/shm .*size=9216k/),
  'services.*.build.ulimits': (seen) =>
    expect(seen.fact('built', 'file:/in/limits')).not.toMatch(/Max open files\s+1111/),
  'services.*.build.no_cache': runs('built'),
  'services.*.build.pull': (seen) => expect(seen.all('from-nothing')).toHaveLength(1),
  'services.*.build.cache_from': runs('built'),
  'services.*.build.cache_to': runs('built'),
  'services.*.build.isolation': runs('built'),
  'services.*.build.platforms': runs('built'),
  'services.*.develop.watch': runs('built'),
};
