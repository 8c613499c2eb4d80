import { differs, like, ofKind, refused, rowsBelow, works } from './row.ts';

const SWARM = 'no effect, as in Compose without Swarm';
const HOOK =
  'is not known to the Compose version in the machine: make it part of the command, or a service of its own';
const AGAIN = 'also after a restart of the machine';

/** When services start, whether they are well, when they start again and end; how many there are. */
export const lifeRows = rowsBelow('services.*', {
  'depends_on as a list': works('[other]', '', ofKind('list')),
  'depends_on.*.condition = service_started': works('service_started'),
  'depends_on.*.condition = service_healthy': works('service_healthy'),
  'depends_on.*.condition = service_completed_successfully': works('service_completed_successfully'),
  'depends_on.*.required = false': works('false'),
  'depends_on.*.restart': works('true', 'when Compose changes the other service'),
  profiles: works('[debug]'),
  'healthcheck.test CMD': works('[CMD, /healthy]', 'words with spaces are kept whole', ofKind('list')),
  'healthcheck.test as text': works('"curl -f localhost"', '', ofKind('string')),
  'healthcheck.interval': works('2s'),
  'healthcheck.timeout': works('5s'),
  'healthcheck.retries': works('2'),
  'healthcheck.start_period': works('1s'),
  'healthcheck.start_interval': refused(
    '1s',
    'is not known to the engine in the machine: use a shorter "interval"',
  ),
  'healthcheck.disable': works('true'),
  'restart = no': works('"no"', 'a service that ended with 0 is well'),
  'restart = always': works('always', AGAIN),
  'restart = unless-stopped': works('unless-stopped', AGAIN),
  'restart on-failure': works('"on-failure:3"', '', like(/^on-failure/)),
  stop_signal: works('SIGINT'),
  stop_grace_period: works('1s'),
  scale: works('2'),
  'deploy.replicas': works('2'),
  'deploy.mode': works('replicated', '`global` is one container: there is one machine'),
  'deploy.labels': differs('{a: b}', SWARM),
  'deploy.endpoint_mode': differs('vip', SWARM),
  'deploy.placement': differs('{constraints: ["node.role==manager"]}', SWARM),
  'deploy.update_config': differs(
    '{order: start-first}',
    'heeded when a later `up` changes containers, as far as Compose does without Swarm',
  ),
  'deploy.rollback_config': differs('{order: stop-first}', SWARM),
  'deploy.restart_policy.condition': works('on-failure'),
  'deploy.restart_policy.max_attempts': works('2'),
  'deploy.restart_policy.delay': differs('1s', SWARM),
  'deploy.restart_policy.window': differs('10s', SWARM),
  logging: differs(
    '{driver: json-file, options: {max-size: 1m}}',
    'kept in a file by the engine, whatever the driver',
  ),
  post_start: refused('[{command: [a]}]', HOOK),
  pre_stop: refused('[{command: [a]}]', HOOK),
  'develop.watch': differs(
    '[{path: ./src, action: sync, target: /src}]',
    'heeded by `berth watch` and `berth up --watch`',
  ),
  extends: works('{service: other}', 'from this file or another one of the project'),
  provider: refused('{type: aws}', 'needs a provider program on this host: run it as a service of its own'),
  models: refused('[llm]', 'is not known to the Compose version in the machine'),
});
