import { expect } from 'vitest';
import type { Proofs } from './proof.ts';
import type { Seen } from './seen.ts';

const SECOND_NS = 1_000_000_000;
const started = (seen: Seen, service: string) =>
  Date.parse(String(seen.inspect(service, 'State', 'StartedAt')));
const policy = (seen: Seen, service: string) => seen.inspect(service, 'HostConfig', 'RestartPolicy', 'Name');
const check = (seen: Seen, key: string) => seen.inspect('web', 'Config', 'Healthcheck', key);
const runs = (service: string) => (seen: Seen) => expect(seen.runs(service)).toBe(true);
const two = (service: string) => (seen: Seen) => expect(seen.all(service)).toHaveLength(2);

/** Of when services start, whether they are well, and when they start again. */
export const lifeProofs: Proofs = {
  'services.*.depends_on as a list': (seen) =>
    expect(started(seen, 'linked')).toBeGreaterThanOrEqual(started(seen, 'quota')),
  'services.*.depends_on.*.condition service_started': (seen) =>
    expect(started(seen, 'waits')).toBeGreaterThanOrEqual(started(seen, 'quota')),
  'services.*.depends_on.*.condition service_healthy': (seen) => {
    expect(seen.inspect('web', 'State', 'Health', 'Status')).toBe('healthy');
    expect(started(seen, 'waits')).toBeGreaterThan(started(seen, 'web'));
  },
  'services.*.depends_on.*.condition service_completed_successfully': (seen) => {
    expect(seen.inspect('once', 'State', 'Status')).toBe('exited');
    const finished = Date.parse(String(seen.inspect('once', 'State', 'FinishedAt')));
    expect(started(seen, 'waits')).toBeGreaterThanOrEqual(finished);
  },
  'services.*.depends_on.*.required false': (seen) => expect(seen.all('absent')).toEqual([]),
  'services.*.depends_on.*.restart': (seen) =>
    expect(seen.inspect('waits', 'Config', 'Labels', 'com.docker.compose.depends_on')).toContain(
      'web:service_healthy:true',
    ),
  'services.*.healthcheck.test CMD': (seen) =>
    expect(seen.inspect('web', 'State', 'Health', 'Status')).toBe('healthy'),
  'services.*.healthcheck.test as text': (seen) =>
    expect(seen.inspect('bridged', 'State', 'Health', 'Status')).toBe('healthy'),
  'services.*.healthcheck.interval': (seen) => expect(check(seen, 'Interval')).toBe(2 * SECOND_NS),
  'services.*.healthcheck.timeout': (seen) => expect(check(seen, 'Timeout')).toBe(5 * SECOND_NS),
  'services.*.healthcheck.retries': (seen) => expect(check(seen, 'Retries')).toBe(9),
  'services.*.healthcheck.start_period': (seen) => expect(check(seen, 'StartPeriod')).toBe(60 * SECOND_NS),
  'services.*.healthcheck.disable': (seen) =>
    expect(seen.inspect('alone', 'State', 'Health', 'Status') ?? '').toBe(''),
  'services.*.restart no': (seen) => {
    expect(policy(seen, 'once')).toBe('no');
    expect(seen.inspect('once', 'State', 'ExitCode')).toBe(0);
  },
  'services.*.restart always': (seen) => {
    expect(policy(seen, 'web')).toBe('always');
    expect(seen.inspect('falls', 'RestartCount')).toBe(1);
    expect(seen.runs('falls')).toBe(true);
  },
  'services.*.restart unless-stopped': (seen) => expect(policy(seen, 'entry')).toBe('unless-stopped'),
  'services.*.restart on-failure': (seen) => {
    expect(policy(seen, 'alone')).toBe('on-failure');
    expect(seen.inspect('alone', 'HostConfig', 'RestartPolicy', 'MaximumRetryCount')).toBe(3);
  },
  'services.*.stop_signal': (seen) =>
    expect(seen.inspect('identity', 'Config', 'StopSignal')).toMatch(/^(SIGUSR1|10)$/),
  'services.*.stop_grace_period': (seen) => expect(seen.inspect('entry', 'Config', 'StopTimeout')).toBe(1),
  'services.*.scale': two('alone'),
  'services.*.deploy.replicas': two('deployed'),
  'services.*.deploy.mode': two('deployed'),
  'services.*.deploy.labels': (seen) =>
    expect(seen.inspect('deployed', 'Config', 'Labels', 'on.service')).toBeUndefined(),
  'services.*.deploy.endpoint_mode': runs('deployed'),
  'services.*.deploy.placement': runs('deployed'),
  'services.*.deploy.update_config': runs('deployed'),
  'services.*.deploy.rollback_config': runs('deployed'),
  'services.*.deploy.restart_policy.condition': (seen) => expect(policy(seen, 'deployed')).toBe('on-failure'),
  'services.*.deploy.restart_policy.max_attempts': (seen) =>
    expect(seen.inspect('deployed', 'HostConfig', 'RestartPolicy', 'MaximumRetryCount')).toBe(2),
  'services.*.deploy.restart_policy.delay': runs('deployed'),
  'services.*.deploy.restart_policy.window': runs('deployed'),
  'services.*.logging': (seen) =>
    expect(seen.inspect('entry', 'HostConfig', 'LogConfig', 'Type')).toMatch(/^(k8s-file|json-file)$/),
};
