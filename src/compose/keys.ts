import type { ValueKind } from './value.ts';

/** Keys of a section, each with the kinds of value it takes: s text, n number, b boolean, l list, m map, z nothing. */
export type KeyTable = Readonly<Record<string, string>>;

const LETTERS: Readonly<Record<string, ValueKind>> = {
  s: 'string',
  n: 'number',
  b: 'boolean',
  l: 'list',
  m: 'map',
  z: 'null',
};

/** The kinds that a table's letters stand for. */
export function kindsOf(letters: string): ValueKind[] {
  return letters.split('').flatMap((letter) => LETTERS[letter] ?? []);
}

// All tables follow compose-spec/compose-spec schema/compose-spec.json.

export const TOP_KEYS: KeyTable = {
  version: 's',
  name: 's',
  include: 'l',
  services: 'm',
  models: 'm',
  networks: 'm',
  volumes: 'm',
  secrets: 'm',
  configs: 'm',
};

export const SERVICE_KEYS: KeyTable = {
  annotations: 'ml',
  attach: 'bs',
  blkio_config: 'm',
  build: 'sm',
  cap_add: 'l',
  cap_drop: 'l',
  cgroup: 's',
  cgroup_parent: 's',
  command: 'slz',
  configs: 'l',
  container_name: 's',
  cpu_count: 'ns',
  cpu_percent: 'ns',
  cpu_period: 'ns',
  cpu_quota: 'ns',
  cpu_rt_period: 'ns',
  cpu_rt_runtime: 'ns',
  cpu_shares: 'ns',
  cpus: 'ns',
  cpuset: 's',
  credential_spec: 'm',
  depends_on: 'ml',
  deploy: 'mz',
  develop: 'mz',
  device_cgroup_rules: 'l',
  devices: 'l',
  dns: 'sl',
  dns_opt: 'l',
  dns_search: 'sl',
  domainname: 's',
  entrypoint: 'slz',
  env_file: 'sl',
  environment: 'ml',
  expose: 'l',
  extends: 'sm',
  external_links: 'l',
  extra_hosts: 'ml',
  gpus: 'sl',
  group_add: 'l',
  healthcheck: 'm',
  hostname: 's',
  image: 's',
  init: 'bs',
  ipc: 's',
  isolation: 's',
  label_file: 'sl',
  labels: 'ml',
  links: 'l',
  logging: 'm',
  mac_address: 's',
  mem_limit: 'ns',
  mem_reservation: 'ns',
  mem_swappiness: 'ns',
  memswap_limit: 'ns',
  models: 'ml',
  network_mode: 's',
  networks: 'ml',
  oom_kill_disable: 'bs',
  oom_score_adj: 'ns',
  pid: 's',
  pids_limit: 'ns',
  platform: 's',
  ports: 'l',
  post_start: 'l',
  pre_stop: 'l',
  privileged: 'bs',
  profiles: 'l',
  provider: 'm',
  pull_policy: 's',
  pull_refresh_after: 's',
  read_only: 'bs',
  restart: 's',
  runtime: 's',
  scale: 'ns',
  secrets: 'l',
  security_opt: 'l',
  shm_size: 'ns',
  stdin_open: 'bs',
  stop_grace_period: 's',
  stop_signal: 's',
  storage_opt: 'm',
  sysctls: 'ml',
  tmpfs: 'sl',
  tty: 'bs',
  ulimits: 'm',
  use_api_socket: 'b',
  user: 's',
  userns_mode: 's',
  uts: 's',
  volumes: 'l',
  volumes_from: 'l',
  working_dir: 's',
};

/** Keys of a service whose list holds texts only. `expose` and `group_add` take numbers too. */
export const TEXT_LISTS: readonly string[] = [
  'annotations',
  'cap_add',
  'cap_drop',
  'command',
  'device_cgroup_rules',
  'dns',
  'dns_opt',
  'dns_search',
  'entrypoint',
  'environment',
  'external_links',
  'extra_hosts',
  'labels',
  'links',
  'profiles',
  'security_opt',
  'sysctls',
  'tmpfs',
  'volumes_from',
];

export const BUILD_KEYS: KeyTable = {
  additional_contexts: 'ml',
  args: 'ml',
  cache_from: 'l',
  cache_to: 'l',
  context: 's',
  dockerfile: 's',
  dockerfile_inline: 's',
  entitlements: 'l',
  extra_hosts: 'ml',
  isolation: 's',
  labels: 'ml',
  network: 's',
  no_cache: 'bs',
  platforms: 'l',
  privileged: 'bs',
  provenance: 'bs',
  pull: 'bs',
  sbom: 'bs',
  secrets: 'l',
  shm_size: 'ns',
  ssh: 'mls',
  tags: 'l',
  target: 's',
  ulimits: 'm',
};

export const DEVELOP_KEYS: KeyTable = { watch: 'l' };

export const WATCH_KEYS: KeyTable = {
  action: 's',
  exec: 'm',
  ignore: 'ls',
  include: 'ls',
  initial_sync: 'b',
  path: 's',
  target: 's',
};

export const DEPENDENCY_KEYS: KeyTable = { condition: 's', required: 'bs', restart: 'bs' };

export const PORT_KEYS: KeyTable = {
  name: 's',
  mode: 's',
  host_ip: 's',
  target: 'ns',
  published: 'ns',
  protocol: 's',
  app_protocol: 's',
};

export const HEALTHCHECK_KEYS: KeyTable = {
  disable: 'bs',
  interval: 's',
  retries: 'ns',
  start_interval: 's',
  start_period: 's',
  test: 'sl',
  timeout: 's',
};

export const DEPLOY_KEYS: KeyTable = {
  endpoint_mode: 's',
  labels: 'ml',
  mode: 's',
  placement: 'm',
  replicas: 'ns',
  resources: 'm',
  restart_policy: 'm',
  rollback_config: 'm',
  update_config: 'm',
};

export const MOUNT_KEYS: KeyTable = {
  type: 's',
  source: 's',
  target: 's',
  read_only: 'bs',
  consistency: 's',
  bind: 'm',
  volume: 'm',
  tmpfs: 'm',
  image: 'm',
};

export const NETWORK_KEYS: KeyTable = {
  attachable: 'bs',
  driver: 's',
  driver_opts: 'm',
  enable_ipv4: 'bs',
  enable_ipv6: 'bs',
  external: 'bsm',
  internal: 'bs',
  ipam: 'm',
  labels: 'ml',
  name: 's',
};

export const VOLUME_KEYS: KeyTable = {
  driver: 's',
  driver_opts: 'm',
  external: 'bsm',
  labels: 'ml',
  name: 's',
};

export const SECRET_KEYS: KeyTable = {
  driver: 's',
  driver_opts: 'm',
  environment: 's',
  external: 'bsm',
  file: 's',
  labels: 'ml',
  name: 's',
  template_driver: 's',
};

export const CONFIG_KEYS: KeyTable = {
  content: 's',
  environment: 's',
  external: 'bsm',
  file: 's',
  labels: 'ml',
  name: 's',
  template_driver: 's',
};

export const BERTH_KEYS: KeyTable = {
  cpus: 'ns',
  memory: 'ns',
  disk: 'ns',
  image: 's',
  images: 'l',
  'host-access': 'l',
  restart: 's',
  idle: 'm',
  replicas: 'm',
  'merge-memory': 'b',
};

export const REPLICAS_KEYS: KeyTable = {
  min: 'ns',
  max: 'ns',
  target: 's',
  value: 'ns',
  'cool-down': 'ns',
  drain: 'ns',
};

export const IDLE_KEYS: KeyTable = {
  after: 'ns',
  // oxlint-disable-next-line unicorn/no-thenable -- it is the name of a key in a file
  then: 's',
  'sleep-after': 'ns',
  wake: 's',
  ignore: 'l',
  awake: 'l',
};
