import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import type { Seen } from './seen.ts';

const MIB = 1024 * 1024;
const limit = (service: string, name: string, value: string | number) => (seen: Seen) =>
  expect(seen.fact(service, name)).toBe(String(value));
const disk = (text: string) => (seen: Seen) => expect(seen.fact('limits', 'io.max')).toContain(text);
const unlimited = (service: string) => (seen: Seen) =>
  expect(seen.fact(service, 'cpu.max')).toBe('max 100000');

/** Of what a container may use. */
export const resourceProofs: Proofs = {
  'services.*.mem_limit': limit('limits', 'memory.max', 64 * MIB),
  'services.*.mem_reservation': limit('limits', 'memory.low', 32 * MIB),
  'services.*.memswap_limit': limit('limits', 'memory.swap.max', 32 * MIB),
  'services.*.cpus': limit('limits', 'cpu.max', '50000 100000'),
  'services.*.cpu_shares': (seen) =>
    expect(Number(seen.fact('limits', 'cpu.weight'))).toBeLessThan(Number(seen.fact('entry', 'cpu.weight'))),
  'services.*.cpu_quota': limit('quota', 'cpu.max', '30000 100000'),
  'services.*.cpu_period': limit('quota', 'cpu.max', '30000 100000'),
  'services.*.cpuset': (seen) => expect(seen.inspect('limits', 'HostConfig', 'CpusetCpus')).toBe('0'),
  'services.*.cpu_count': unlimited('identity'),
  'services.*.cpu_percent': unlimited('identity'),
  'services.*.cpu_rt_period': unlimited('identity'),
  'services.*.cpu_rt_runtime': unlimited('identity'),
  'services.*.pids_limit': limit('limits', 'pids.max', 55),
  'services.*.blkio_config.weight': (seen) =>
    expect(seen.inspect('limits', 'HostConfig', 'BlkioWeight')).toBe(300),
  'services.*.blkio_config.device_read_bps': disk(`rbps=${MIB}`),
  'services.*.blkio_config.device_read_iops': disk('riops=1001'),
  'services.*.blkio_config.device_write_bps': disk(`wbps=${2 * MIB}`),
  'services.*.blkio_config.device_write_iops': disk('wiops=1002'),
  'services.*.shm_size': (seen) => expect(seen.mount('caps', '/dev/shm')).toContain('size=8192k'),
  'services.*.ulimits': (seen) => {
    expect(seen.field('caps', 'limits', 'Max open files')).toMatch(/^1000\s+2000/);
    expect(seen.field('caps', 'limits', 'Max processes')).toMatch(/^333\s+333/);
  },
  'services.*.sysctls': (seen) => {
    expect(seen.fact('caps', 'somaxconn')).toBe('77');
    expect(seen.fact('entry', 'somaxconn')).not.toBe('77');
  },
  'services.*.oom_score_adj': limit('caps', 'oom', 321),
  'services.*.devices': (seen) => expect(seen.fact('caps', 'device')).toBe(''),
  'services.*.device_cgroup_rules': (seen) => {
    expect(seen.fact('limits', 'rule')).toBe('opened');
    expect(seen.fact('entry', 'rule')).not.toBe('opened');
  },
  'services.*.deploy.resources.limits.cpus': limit('deployed', 'cpu.max', '25000 100000'),
  'services.*.deploy.resources.limits.memory': limit('deployed', 'memory.max', 48 * MIB),
  'services.*.deploy.resources.limits.pids': limit('deployed', 'pids.max', 44),
  'services.*.deploy.resources.reservations.memory': limit('deployed', 'memory.low', 20 * MIB),
  'services.*.deploy.resources.reservations.cpus': limit('deployed', 'cpu.max', '25000 100000'),
  'services.*.deploy.resources.reservations.generic_resources': (seen) =>
    expect(seen.runs('deployed')).toBe(true),
};
