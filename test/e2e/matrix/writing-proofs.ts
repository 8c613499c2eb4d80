import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import type { Seen } from './seen.ts';

const variable = (seen: Seen, service: string, name: string) =>
  seen
    .fact(service, 'environment')
    .split('\n')
    .find((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1);

const set = (name: string, value: string) => (seen: Seen) =>
  expect(variable(seen, 'identity', name)).toBe(value);

/** Of forms of writing, variables, and what stands at the top of a file. */
export const writingProofs: Proofs = {
  'yaml.*alias': (seen) => expect(seen.runs('entry')).toBe(true),
  'yaml.<<': (seen) => expect(seen.inspect('caps', 'Config', 'StopTimeout')).toBe(1),
  'yaml.$A': set('BARE', 'given'),
  'yaml.${A}': set('BRACED', 'given'),
  'yaml.${A:-b}': (seen) => {
    set('DEFAULT', 'fallback')(seen);
    set('DEFAULT_OF_EMPTY', 'fallback')(seen);
  },
  'yaml.${A-b}': (seen) => {
    set('DEFAULT_UNSET', 'fallback')(seen);
    set('EMPTY_KEPT', '')(seen);
  },
  'yaml.${A:?b}': set('REQUIRED', 'given'),
  'yaml.${A?b}': set('REQUIRED_SET', ''),
  'yaml.${A:+b}': set('INSTEAD', 'instead'),
  'yaml.${A+b}': set('INSTEAD_SET', 'instead'),
  'yaml.${A:-${B}}': set('NESTED', 'given'),
  'yaml.$$': set('DOLLAR', '$GIVEN'),
  name: (seen) =>
    expect(seen.inspect('identity', 'Config', 'Labels', 'com.docker.compose.project')).toBe('matrix'),
  version: (seen) => expect(seen.environment.state).toBe('running'),
  'x-*': (seen) => expect(seen.images()).toContain('localhost/berth/facts:1'),
  services: (seen) => expect(seen.environment.services.length).toBeGreaterThan(20),
  'services.* with profiles': (seen) => {
    expect(seen.runs('debug')).toBe(true);
    expect(seen.all('absent')).toEqual([]);
  },
  'services.*.profiles': (seen) => expect(seen.runs('debug')).toBe(true),
  'services.*.environment as a map': set('PLAIN', 'text'),
  'services.*.environment as a list': (seen) => {
    expect(variable(seen, 'entry', 'LISTED')).toBe('x=y');
    expect(variable(seen, 'entry', 'FROM_SHELL')).toBe('shelled');
  },
  'services.*.environment.*': set('FROM_SHELL', 'shelled'),
  'services.*.env_file': (seen) => expect(variable(seen, 'entry', 'FROM_FILE')).toBe('from a file'),
};

/** Of files that are put together. */
export const pieceProofs: Proofs = {
  'include of files': (seen) => expect(variable(seen, 'included', 'INCLUDED')).toBe('yes'),
  'services.*.extends': (seen) => {
    expect(variable(seen, 'extended', 'BASE')).toBe('yes');
    expect(variable(seen, 'extended', 'OWN')).toBe('yes');
  },
};
