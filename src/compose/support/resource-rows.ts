import { differs, refused, rowsBelow, works } from './row.ts';

const NO_EFFECT = 'no effect';
const MACHINE_DISK = "of the machine's disk, `/dev/vda`";

/** What a container may use. */
export const resourceRows = rowsBelow('services.*', {
  mem_limit: works('64m', 'within the memory of the machine'),
  mem_reservation: works('32m'),
  memswap_limit: differs('64m', 'taken over, but the machine has no swap'),
  mem_swappiness: refused('10', 'needs cgroups v1, and the machine has v2'),
  cpus: works('0.5', 'of the virtual CPUs of the machine'),
  cpu_shares: works('512'),
  cpu_quota: works('30000'),
  cpu_period: works('100000'),
  cpuset: works('"0"'),
  cpu_count: differs('1', `${NO_EFFECT}: it is for Windows containers; use "cpus"`),
  cpu_percent: differs('50', `${NO_EFFECT}: it is for Windows containers; use "cpus"`),
  cpu_rt_period: differs('100000', NO_EFFECT),
  cpu_rt_runtime: differs('1000', NO_EFFECT),
  pids_limit: works('55'),
  'blkio_config.weight': differs('300', 'taken over; the machine has no scheduler that heeds it'),
  'blkio_config.weight_device': refused(
    '[{path: /dev/vda, weight: 200}]',
    'needs a disk scheduler that the machine does not have',
  ),
  'blkio_config.device_read_bps': works('[{path: /dev/vda, rate: 1mb}]', MACHINE_DISK),
  'blkio_config.device_read_iops': works('[{path: /dev/vda, rate: 100}]', MACHINE_DISK),
  'blkio_config.device_write_bps': works('[{path: /dev/vda, rate: 1mb}]', MACHINE_DISK),
  'blkio_config.device_write_iops': works('[{path: /dev/vda, rate: 100}]', MACHINE_DISK),
  shm_size: works('8m'),
  storage_opt: refused('{size: 1G}', 'needs quotas, and the file system of the machine has none'),
  ulimits: works('{nofile: {soft: 1000, hard: 2000}}'),
  sysctls: works('{net.core.somaxconn: 77}', 'those of a namespace of the container'),
  oom_score_adj: works('500'),
  devices: differs('["/dev/null:/dev/mine:r"]', "the machine's devices, not the host's"),
  device_cgroup_rules: works('["c 1:11 rwm"]'),
  gpus: refused('all', 'asks for a GPU, and machines have none'),
  'deploy.resources.limits.cpus': works('"0.25"'),
  'deploy.resources.limits.memory': works('48M'),
  'deploy.resources.limits.pids': works('44'),
  'deploy.resources.reservations.memory': works('20M'),
  'deploy.resources.reservations.cpus': differs('"0.1"', `${NO_EFFECT}, as in Compose without Swarm`),
  'deploy.resources.reservations.generic_resources': differs(
    '[{discrete_resource_spec: {kind: a, value: 1}}]',
    `${NO_EFFECT}, as in Compose without Swarm`,
  ),
  'deploy.resources.reservations.devices': refused(
    '[{capabilities: [gpu]}]',
    'asks for a GPU or the like, and machines have none',
  ),
});
