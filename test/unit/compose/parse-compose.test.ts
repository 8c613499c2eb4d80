import { expect, test } from 'vitest';
import { referencedVariables } from '../../../src/compose/index.ts';
import { problems, project, read } from './read.ts';

test('reads what Berth must know and passes over the rest', () => {
  const found = project(`
name: shop
services:
  web:
    image: nginx:\${TAG:-1.27}
    ports: ["8080:80"]
    healthcheck: {test: [CMD, "true"]}
    depends_on: {store: {condition: service_healthy}}
    restart: unless-stopped
    labels: {a: b}
    user: "1000"
    ulimits: {nofile: 1024}
    x-mine: anything
  store:
    image: valkey
    volumes: ["data:/data", "/cache"]
    tmpfs: /run
volumes: {data: }
networks: {default: {driver: bridge}}
`);
  expect(found.name).toBe('shop');
  expect(found.services.map(({ name, image, healthcheck }) => ({ name, image, healthcheck }))).toEqual([
    { name: 'web', image: 'nginx:1.27', healthcheck: true },
    { name: 'store', image: 'valkey', healthcheck: false },
  ]);
  expect(found.variables).toEqual(['TAG']);
});

test('reports every problem at once, in the order of the file, with line and column', () => {
  expect(
    problems(`services:
  web:
    imagee: nginx
    ports:
      - "99999:80"
      - {published: 80}
  db:
    image: redis
    volumes: ["./data:/data", "store:/x"]
    networks: [back]
    env_file: .env
    depends_on: [cache]
volume: {}
`),
  ).toEqual([
    '2:3 services.web has neither "image" nor "build"',
    '3:5 services.web.imagee there is no key "imagee" here; did you mean "image"?',
    '5:9 services.web.ports[0] "99999" is no port of the host: 1 to 65535, or a range such as 8000-8010',
    '6:9 services.web.ports[1] has no "target", the port inside the container',
    expect.stringMatching(/^9:15 services\.db\.volumes\[0\] "\.\/data" is a file of this host/),
    '9:31 services.db.volumes[1] "store" is not declared in the file\'s "volumes"',
    '10:16 services.db.networks[0] "back" is not declared in the file\'s "networks"',
    expect.stringMatching(/^11:15 services\.db\.env_file "\.env" is a file of this host/),
    '12:18 services.db.depends_on[0] there is no active service "cache"',
    '13:1 volume there is no key "volume" here; did you mean "volumes"?',
  ]);
});

test('tells what breaks the specification from what Berth cannot do yet', () => {
  const kinds = read('services: {a: {image: x, env_file: f, ports: 80}}').problems.map(
    ({ kind, path }) => `${kind} ${path}`,
  );
  expect(kinds).toEqual(['unsupported services.a.env_file', 'invalid services.a.ports']);
});

test.each([
  ['build', 'services: {a: {build: .}}', 'services.a.build'],
  ['include', 'include: [b.yaml]\nservices: {a: {image: x}}', 'include[0]'],
  ['extends', 'services: {a: {extends: {service: b, file: c.yaml}}, b: {image: x}}', 'services.a.extends'],
  ['config file', 'services: {a: {image: x, configs: [c]}}\nconfigs: {c: {file: ./c}}', 'configs.c.file'],
  ['secret file', 'services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {file: ./s}}', 'secrets.s.file'],
  ['home directory', 'services: {a: {image: x, volumes: ["~/data:/data"]}}', 'services.a.volumes[0]'],
  [
    'long bind mount',
    'services: {a: {image: x, volumes: [{type: bind, source: ../d, target: /d}]}}',
    'services.a.volumes[0]',
  ],
  ['absolute path', 'services: {a: {image: x, volumes: ["/srv/data:/data"]}}', 'services.a.volumes[0]'],
  ['path with ..', 'services: {a: {image: x, volumes: ["/run/../srv:/data"]}}', 'services.a.volumes[0]'],
  [
    'bind volume',
    'services: {a: {image: x}}\nvolumes: {v: {driver_opts: {o: bind, device: ./d}}}',
    'volumes.v.driver_opts.device',
  ],
  ['the port of the machine itself', 'services: {a: {image: x, ports: ["22:22"]}}', 'services.a.ports[0]'],
])('%s is refused when no files go to the machine', (_name, text, path) => {
  const [problem, ...more] = read(text).problems;
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ kind: 'unsupported', path });
  expect(problem?.line).toBeGreaterThan(0);
});

test('paths that the machine has itself may be mounted', () => {
  const text =
    'services: {a: {image: x, volumes: ["/etc/localtime:/etc/localtime:ro", "/run/podman/podman.sock:/s", "/:/host:ro"]}}';
  expect(problems(text)).toEqual([]);
});

test.each([
  ['services:\n  a:\n\timage: x\n', /3:1 file .*spaces/],
  ['services:\n  a: {image: x\n', /file /],
  ['services:\n  a: {image: x}\n  a: {image: y}\n', /^3:3 a the key "a" is there twice/],
  ['services: {a: {image: *x}}', /^1:23 file alias "\*x" has no anchor before it/],
  ['services: &s {a: *s}', /an alias contains itself/],
  ['', /the file is empty/],
  ['- a', /must be a map with a "services" section/],
  ['services: {}', /the file has no services/],
  ['services: [a]', /must be a map, not a list/],
  ['services: {a: }', /services\.a must be a map with "image"/],
  ['services: {"a b": {image: x}}', /a service name has/],
  ['services: {a: {image: ""}}', /services\.a\.image is empty/],
  ['services: {a: {image: 5}}', /must be text, not a number/],
  ['a: 1\n---\nb: 1', /file /],
  ['services: {a: {image: x, environment: [1]}}', /environment\[0\] must be text, not a number/],
  ['services: {a: {image: x, pull_policy: foo}}', /must be one of always/],
  ['services: {a: {image: x, depends_on: {b: }}, b: {image: x}}', /must be a map, not nothing/],
  ['services: {a: {image: x, depends_on: {b: {condition: up}}}, b: {image: x}}', /needs a "condition"/],
  [
    'services: {a: {image: x, environment: }}',
    /services\.a\.environment must be a map or a list, not nothing/,
  ],
  [
    'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [c]}, c: {image: x, volumes_from: [a]}}',
    /a → b → c → a|b → c → a → b/,
  ],
  ['services: {a: {image: x, network_mode: "service:a"}}', /in a circle: a → a/],
  ['services: {a: {image: x, network_mode: host, networks: [default]}}', /exclude each other/],
  ['services: {a: {image: x, scale: 2, deploy: {replicas: 3}}}', /differ/],
  ['services: {a: {image: x, scale: 2, container_name: n}}', /2 containers cannot have one name/],
  ['services: {a: {image: x, scale: 2, ports: ["80:80"]}}', /2 containers cannot all have port 80/],
  [
    'services: {a: {image: x, ports: ["80:80"]}, b: {image: x, ports: ["127.0.0.1:80:90"]}}',
    /port 80\/tcp is already published by service "a"/,
  ],
  ['name: Shop\nservices: {a: {image: x}}', /^1:7 name a project name/],
])('%j is refused', (text, message) => {
  expect(problems(text).join('\n')).toMatch(message);
});

test('a control character is refused with its line', () => {
  expect(problems('services:\n  web: {image: "a\u0000b"}\n').join()).toContain(
    'line 2 has the control character 0',
  );
  expect(problems('services:\r\n  web: {image: "a\tb"}\r\n').join()).not.toContain('control character');
});

test('a file over the limits of size, tokens, depth or aliases is refused', () => {
  expect(problems(' '.repeat(1024 * 1024 + 1))).toEqual(['-:- file the file is larger than 1 MiB']);
  expect(problems('- a\n'.repeat(40_000)).join()).toContain('YAML tokens');
  expect(problems('['.repeat(100)).join()).toContain('nested deeper');
  expect(problems(`a: &a {}\nb:\n${'- *a\n'.repeat(1_100)}`).join()).toContain('more than 1000 aliases');
});

test('aliases that multiply the file are refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, index) => `x-${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`,
  );
  expect(problems(`x-0: &l0 [a]\n${levels.join('\n')}\nservices: {a: {image: x}}`).join()).toContain(
    'multiply the file',
  );
});

test('merge keys and anchors give a service its settings', () => {
  const found = project(`
x-base: &base {image: nginx, healthcheck: &h {test: "true"}}
x-more: &more {scale: 3, image: other}
services:
  a: {<<: [*base, *more], ports: ["80"]}
  b: {<<: *more, healthcheck: *h, scale: 1}
`);
  expect(found.services).toMatchObject([
    { name: 'a', image: 'nginx', replicas: 3, healthcheck: true },
    { name: 'b', image: 'other', replicas: 1, healthcheck: true },
  ]);
});

test.each([
  ['{disable: true}', false],
  ['{test: [NONE]}', false],
  ['{test: NONE}', false],
  ['{test: curl localhost}', true],
  ['{interval: 5s}', true],
])('health check %s counts: %s', (text, expected) => {
  expect(project(`services: {a: {image: x, healthcheck: ${text}}}`).services[0]?.healthcheck).toBe(expected);
});

test('services of a profile are left out until the profile is active', () => {
  const text = 'services: {a: {image: x}, b: {image: x, profiles: [debug]}}';
  const names = (variables: Record<string, string>) =>
    project(text, variables).services.map(({ name }) => name);
  expect(names({})).toEqual(['a']);
  expect(names({ COMPOSE_PROFILES: 'other, debug' })).toEqual(['a', 'b']);
  expect(problems('services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}')).toHaveLength(
    1,
  );
});

test('what only an inactive service asks for does not matter, but its keys do', () => {
  const text =
    'services: {a: {image: x}, b: {build: ., env_file: e, volumes: [./x:/x], networks: [n], profiles: [dev]}}';
  expect(problems(text)).toEqual([]);
  expect(problems(text, { COMPOSE_PROFILES: 'dev' })).toHaveLength(4);
  expect(problems('services: {a: {image: x}, b: {imagee: x, profiles: [p]}}')).toHaveLength(1);
  expect(problems('services: {a: {image: x, profiles: [p]}}').join()).toContain('COMPOSE_PROFILES');
  expect(referencedVariables(text)).toEqual(['COMPOSE_PROFILES']);
});

test('a service that another one waits for to complete may end', () => {
  const text = `services:
  job: {image: x}
  web: {image: x, depends_on: {job: {condition: service_completed_successfully}}}
  once: {image: x, restart: "no"}
  often: {image: x, restart: on-failure:3}`;
  const found = project(text).services.map(({ name, mayComplete }) => [name, mayComplete]);
  expect(found).toEqual([
    ['job', true],
    ['web', false],
    ['once', true],
    ['often', true],
  ]);
});

test('names the variables that a file takes from outside', () => {
  const text =
    'services: {a: {image: "${A:-$B}", environment: [C, "D=$E"]}, b: {image: $$F, environment: {G: , H: $I}}}';
  expect(referencedVariables(text)).toEqual(['A', 'B', 'C', 'E', 'G', 'I']);
  expect(referencedVariables('[')).toEqual([]);
});

test('a required variable without a value is a problem, an unset one a warning', () => {
  const text = 'services:\n  a:\n    image: ${A:?set it}\n    user: $B';
  expect(problems(text)).toEqual(['3:12 file variable A is required: set it']);
  expect(read(text, { A: 'x' }).warnings).toMatchObject([
    { message: 'variable B is not set: it is taken as empty', line: 4 },
  ]);
});

test('secrets and configs that come from a variable name it', () => {
  const text = `services: {a: {image: x}}
secrets: {token: {environment: TOKEN}}
configs: {settings: {environment: SETTINGS}}
`;
  expect(referencedVariables(text)).toEqual(['SETTINGS', 'TOKEN']);
});
