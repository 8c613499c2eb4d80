import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import { at, type Seen } from './seen.ts';

const file = (path: string, text: string) => (seen: Seen) =>
  expect(seen.fact('storage', `file:${path}`)).toBe(text);
/** `-r--r-----  1 1234 2345 6 …`: mode and owner of a file. */
const listed = (seen: Seen, name: string) =>
  seen
    .fact('storage', 'files')
    .split('\n')
    .find((line) => line.endsWith(` ${name}`)) ?? '';
const mounts = (seen: Seen) => seen.inspect('storage', 'Mounts') as readonly unknown[];
const mountOf = (seen: Seen, target: string) =>
  mounts(seen).find((mount) => at(mount, ['Destination']) === target);

/** Of what containers keep and what they are given to read. */
export const storageProofs: Proofs = {
  'services.*.volumes[] NAME:PATH': file('/data/image.txt', 'of the image'),
  'services.*.volumes[] PATH': (seen) => expect(at(mountOf(seen, '/anonymous'), ['Type'])).toBe('volume'),
  'services.*.volumes[] :ro': (seen) => expect(seen.mount('storage', '/again')).toMatch(/ \/again ro/),
  'services.*.volumes[] PATH OF THE PROJECT:PATH': file('/project/hello.txt', 'hello'),
  'services.*.volumes[] path of the machine': (seen) =>
    expect(at(mountOf(seen, '/mounted/localtime'), ['RW'])).toBe(false),
  'services.*.volumes[] type: volume': (seen) => expect(seen.mount('storage', '/nocopy')).toBeTruthy(),
  'services.*.volumes[] type: tmpfs': (seen) =>
    expect(seen.mount('storage', '/small')).toContain(' - tmpfs '),
  'services.*.volumes[] type: bind': (seen) => expect(at(mountOf(seen, '/bound'), ['Type'])).toBe('bind'),
  'services.*.volumes[].bind.create_host_path': (seen) =>
    expect(String(at(mountOf(seen, '/bound'), ['Source']))).toMatch(/\/data$/),
  'services.*.volumes[].bind.propagation': (seen) =>
    expect(at(mountOf(seen, '/bound'), ['Propagation'])).toBe('rshared'),
  'services.*.volumes[].bind.selinux': (seen) => expect(seen.runs('storage')).toBe(true),
  'services.*.volumes[].read_only': (seen) => expect(seen.mount('storage', '/bound')).toMatch(/ \/bound ro/),
  'services.*.volumes[].volume.nocopy': (seen) =>
    expect(seen.fact('storage', 'files')).toMatch(/\/nocopy:\n[^/]* image\.txt/),
  'services.*.volumes[].tmpfs.size': (seen) =>
    expect(seen.mount('storage', '/small')).toContain('size=2048k'),
  'services.*.volumes[].tmpfs.mode': (seen) => expect(seen.mount('storage', '/small')).toContain('mode=700'),
  'services.*.volumes_from': (seen) =>
    expect(seen.fact('shares', 'file:/data/image.txt')).toBe('of the image'),
  'services.*.tmpfs': (seen) => expect(seen.mount('caps', '/scratch')).toMatch(/ - tmpfs .*size=1024k/),
  'services.*.configs short form': file('/plain', 'plain'),
  'services.*.configs[].target': file('/in/inline', 'hello given'),
  'services.*.configs[].mode': (seen) => expect(listed(seen, 'inline')).toMatch(/^-r--------/),
  'services.*.secrets short form': file('/run/secrets/token', 'secret'),
  'services.*.secrets[].target': file('/run/secrets/short', 'secret'),
  'services.*.secrets[].uid': (seen) => expect(listed(seen, 'token')).toMatch(/^\S+ +1 0 +0 /),
  'services.*.secrets[].gid': (seen) => expect(listed(seen, 'token')).toMatch(/^\S+ +1 0 +0 /),
  'services.*.secrets[].mode': (seen) => expect(listed(seen, 'token')).toMatch(/^-r--r-----/),
  'volumes.*.driver local': (seen) => expect(seen.volume('matrix_data', 'Driver')).toBe('local'),
  'volumes.*.driver_opts': (seen) =>
    expect(seen.mount('storage', '/memory')).toMatch(/ - tmpfs .*size=3072k/),
  'volumes.*.labels': (seen) => expect(seen.volume('matrix_data', 'Labels', 'a.volume')).toBe('one'),
  'volumes.*.name': (seen) => expect(at(mountOf(seen, '/chosen'), ['Name'])).toBe('chosen-volume'),
  'volumes.*.external': (seen) =>
    expect(JSON.stringify(seen.inspect('outside', 'Mounts'))).toContain('"known-volume"'),
  'configs.*.name': file('/in/inline', 'hello given'),
  'configs.*.labels': file('/in/inline', 'hello given'),
  'configs.*.content': file('/plain', 'plain'),
  'configs.*.environment': file('/in/variable', 'given'),
  'configs.*.file': file('/settings', 'settings of a file'),
  'secrets.*.name': file('/run/secrets/token', 'secret'),
  'secrets.*.labels': file('/run/secrets/token', 'secret'),
  'secrets.*.environment': file('/run/secrets/token', 'secret'),
  'secrets.*.file': file('/run/secrets/file', 'token of a file'),
};
