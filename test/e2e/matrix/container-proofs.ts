import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import { hasCapability, type Seen } from './seen.ts';

const CHOWN = 0;
const NET_ADMIN = 12;
const SYS_TIME = 25;

const capability = (seen: Seen, service: string, bit: number) =>
  hasCapability(seen.field(service, 'status', 'CapBnd'), bit);

/** Of what a container is and what runs in it. */
export const containerProofs: Proofs = {
  'services.*.image': (seen) => expect(seen.inspect('identity', 'ImageName')).toBe('localhost/berth/facts:1'),
  'services.*.pull_policy': (seen) => expect(seen.runs('identity')).toBe(true),
  'services.*.container_name': (seen) => expect(seen.inspect('identity', 'Name')).toBe('chosen-name'),
  'services.*.command as a list': (seen) =>
    expect(seen.inspect('identity', 'Config', 'Cmd')).toEqual(['/bin/facts', 'one two', '$three']),
  'services.*.command as text': (seen) => expect(seen.fact('entry', 'arguments')).toBe('entry a b c'),
  'services.*.entrypoint': (seen) => expect(seen.fact('entry', 'arguments')).toMatch(/^entry/),
  'services.*.working_dir': (seen) => expect(seen.fact('identity', 'directory')).toBe('/www'),
  'services.*.user': (seen) => expect(seen.fact('identity', 'id')).toMatch(/^uid=1234\S* gid=2345/),
  'services.*.group_add': (seen) => expect(seen.fact('identity', 'id')).toMatch(/groups=.*\b777\b/),
  'services.*.labels': (seen) => {
    expect(seen.inspect('identity', 'Config', 'Labels', 'a.label')).toBe('one');
    expect(seen.inspect('entry', 'Config', 'Labels', 'listed')).toBe('yes');
  },
  'services.*.label_file': (seen) =>
    expect(seen.inspect('entry', 'Config', 'Labels', 'from.file')).toBe('yes'),
  'services.*.annotations': (seen) =>
    expect(seen.inspect('identity', 'Config', 'Annotations', 'a.note')).toBe('seen'),
  'services.*.hostname': (seen) => expect(seen.fact('identity', 'hostname')).toMatch(/^chosen/),
  'services.*.domainname': (seen) =>
    expect([seen.fact('identity', 'domainname'), seen.fact('identity', 'hostname')]).toEqual([
      '(none)',
      'chosen',
    ]),
  'services.*.init': (seen) => {
    expect(seen.fact('identity', 'first')).not.toBe('facts');
    expect(seen.fact('entry', 'first')).toBe('busybox');
  },
  'services.*.tty': (seen) => expect(seen.inspect('identity', 'Config', 'Tty')).toBe(true),
  'services.*.stdin_open': (seen) => expect(seen.inspect('identity', 'Config', 'OpenStdin')).toBe(true),
  'services.*.attach': (seen) => expect(seen.runs('identity')).toBe(true),
  'services.*.privileged': (seen) => {
    expect(capability(seen, 'machine', SYS_TIME)).toBe(true);
    expect(capability(seen, 'entry', SYS_TIME)).toBe(false);
  },
  'services.*.cap_add': (seen) => {
    for (const bit of [NET_ADMIN, SYS_TIME]) expect(capability(seen, 'caps', bit)).toBe(true);
    expect(capability(seen, 'entry', NET_ADMIN)).toBe(false);
  },
  'services.*.cap_drop': (seen) => {
    expect(capability(seen, 'caps', CHOWN)).toBe(false);
    expect(capability(seen, 'entry', CHOWN)).toBe(true);
  },
  'services.*.security_opt no-new-privileges': (seen) =>
    expect(seen.field('caps', 'main', 'NoNewPrivs')).toBe('1'),
  'services.*.read_only': (seen) => {
    expect(seen.fact('caps', 'write')).toMatch(/read-only/i);
    expect(seen.fact('entry', 'write')).toBe('');
  },
  'services.*.userns_mode host': (seen) => expect(seen.runs('machine')).toBe(true),
  'services.*.pid host': (seen) => expect(seen.fact('machine', 'first')).toBe('systemd'),
  'services.*.ipc host': (seen) => expect(seen.fact('machine', 'ipc')).not.toBe(seen.fact('entry', 'ipc')),
  'services.*.uts host': (seen) => expect(seen.fact('machine', 'hostname')).toBe(seen.environment.name),
  'services.*.cgroup host': (seen) => expect(seen.fact('machine', 'cgroup')).toBe('0::/'),
  'services.*.cgroup private': (seen) => expect(seen.fact('caps', 'cgroup')).toBe('0::/'),
  'services.*.cgroup_parent': (seen) =>
    expect(seen.inspect('caps', 'HostConfig', 'CgroupParent')).toBe('/mine'),
  'services.*.pid service:NAME': (seen) => expect(seen.fact('shares', 'pid')).toBe(seen.fact('quota', 'pid')),
  'services.*.ipc shareable': (seen) =>
    expect(seen.fact('outside', 'ipc')).not.toBe(seen.fact('entry', 'ipc')),
  'services.*.ipc service:NAME': (seen) =>
    expect(seen.fact('shares', 'ipc')).toBe(seen.fact('outside', 'ipc')),
  'services.*.runtime': (seen) => expect(seen.inspect('identity', 'OCIRuntime')).toBe('crun'),
  'services.*.platform of this host': (seen) => expect(seen.runs('identity')).toBe(true),
  'services.*.isolation default': (seen) => expect(seen.runs('identity')).toBe(true),
};
