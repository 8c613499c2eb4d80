import { differs, like, ofKind, refused, refusedByReader, rowsBelow, works } from './row.ts';

const BUILDKIT = 'needs BuildKit';

/** How images are made: the machine has the classic builder. */
export const buildRows = rowsBelow('services.*', {
  'build as text': works(
    './web',
    'a directory of the project, built in the machine where the image is not there yet',
    ofKind('string'),
  ),
  'build.context': works('./web', 'a directory of the project'),
  'build.context elsewhere': refusedByReader(
    '"https://example.com/a.git"',
    'the machine has no git: fetch the sources first',
    like(/^([a-z+]+:\/\/|git@)/),
  ),
  'build.dockerfile': works('other.Dockerfile'),
  'build.dockerfile_inline': refused('FROM scratch', `${BUILDKIT}: write it into a file of the context`),
  'build.args': works('{A: b}'),
  'build.target': works('final'),
  'build.labels': works('{a: b}'),
  'build.tags': works('["example/web:2"]'),
  'build.extra_hosts': refused(
    '["a.test:192.0.2.1"]',
    'is not understood by the builder in the machine: write what is needed into the Dockerfile',
  ),
  'build.network': differs('host', "no effect: the builder uses the engine's default network"),
  'build.shm_size': differs('8m', 'no effect'),
  'build.ulimits': differs('{nofile: 1000}', 'no effect'),
  'build.no_cache': works('true'),
  'build.pull': works('true'),
  'build.cache_from': differs('[example/web:1]', 'no effect: the cache is that of the machine'),
  'build.cache_to': differs('["type=local,dest=/tmp/a"]', 'no effect'),
  'build.isolation': differs('default', 'no effect'),
  'build.provenance': refused('false', BUILDKIT),
  'build.sbom': refused('false', BUILDKIT),
  'build.platforms': works('[linux/amd64]', "the machine's own"),
  'build.platforms several': refusedByReader(
    '[linux/amd64, linux/arm64]',
    BUILDKIT,
    (value) => value.kind === 'list' && value.items.length > 1,
  ),
  'build.secrets': refused(
    '[token]',
    `${BUILDKIT}: pass what is not secret under "args", and mount secrets at run time`,
  ),
  'build.ssh': refused('[default]', `${BUILDKIT}: fetch private sources before the build`),
  'build.additional_contexts': refused(
    '{other: ./other}',
    `${BUILDKIT}: copy what is needed into the context`,
  ),
  'build.privileged = true': refused('true', BUILDKIT),
  'build.entitlements': refused('[network.host]', BUILDKIT),
});
