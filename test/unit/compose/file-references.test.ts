import { expect, test } from 'vitest';
import { parseCompose } from '../../../src/compose/index.ts';

const FILES = { directory: '/home/a/shop', home: '/home/a', mountable: ['/home/a/shop', '/data'] };

const read = (text: string) => parseCompose(text, { variables: {}, files: FILES });

/** `use path where` of each file that a text needs. */
function files(text: string): string[] {
  const { project, problems } = read(text);
  if (project === undefined) throw new Error(JSON.stringify(problems));
  return project.files.map(
    ({ use, path, where, required }) => `${use} ${path} ${where}${required ? '' : ' ?'}`,
  );
}

function problems(text: string): string[] {
  return read(text).problems.map(
    ({ line, kind, path, message }) => `${line ?? '-'} ${kind} ${path} ${message}`,
  );
}

test('finds every file of the host that a project needs', () => {
  const text = `
include:
  - more.yaml
  - path: [x/a.yaml, x/b.yaml]
services:
  a:
    build: { context: ./app, dockerfile: ../docker/Dockerfile }
    env_file: [.env.a, { path: .env.b, required: false }]
    label_file: labels
    volumes:
      - ./html:/html:ro
      - ~/shop/home:/home
      - /data/in:/in
      - { type: bind, source: ../shop/conf, target: /conf, bind: { create_host_path: false } }
      - named:/data
      - /etc/localtime:/etc/localtime:ro
    develop: { watch: [{ path: ./app, action: sync, target: /app }] }
  b: { extends: { file: base.yaml, service: b } }
  c: { build: . }
volumes:
  named:
  bound: { driver_opts: { type: none, o: bind, device: /data/vol } }
configs: { c: { file: ./c.conf }, d: { content: x } }
secrets: { s: { file: /data/secret }, e: { environment: E } }
`;
  expect(files(text)).toEqual([
    'include /home/a/shop/more.yaml include[0]',
    'include /home/a/shop/x/a.yaml include[1].path[0]',
    'include /home/a/shop/x/b.yaml include[1].path[1]',
    'bind /data/vol volumes.bound.driver_opts.device',
    'secret /data/secret secrets.s.file',
    'config /home/a/shop/c.conf configs.c.file',
    'bind /home/a/shop/html services.a.volumes[0] ?',
    'bind /home/a/shop/home services.a.volumes[1] ?',
    'bind /data/in services.a.volumes[2] ?',
    'bind /home/a/shop/conf services.a.volumes[3]',
    'env_file /home/a/shop/.env.a services.a.env_file[0]',
    'env_file /home/a/shop/.env.b services.a.env_file[1] ?',
    'label_file /home/a/shop/labels services.a.label_file',
    'build /home/a/shop/app services.a.build',
    'build /home/a/shop/docker/Dockerfile services.a.build.dockerfile',
    'watch /home/a/shop/app services.a.develop.watch[0] ?',
    'extends /home/a/shop/base.yaml services.b.extends',
    'build /home/a/shop services.c.build',
  ]);
});

test('a project that includes or extends is not complete, and is not blamed for what it lacks', () => {
  const text = 'include: [b.yaml]\nservices: {a: {extends: {service: z}, networks: [n], depends_on: [q]}}';
  expect(read(text)).toMatchObject({ problems: [], project: { incomplete: true } });
  expect(read('include: [b.yaml]').project).toMatchObject({ incomplete: true, services: [] });
  expect(read('services: {a: {image: x}}').project).toMatchObject({ incomplete: false });
  const partial = parseCompose('services: {a: {ports: ["80:80"]}}', { variables: {}, partial: true });
  expect(partial.project).toMatchObject({ incomplete: true, services: [{ name: 'a' }] });
});

test('what lies outside of the project is refused, each with its line and the flag that allows it', () => {
  const text = `services:
  a:
    build: ../other
    env_file: /home/a/.secrets
    volumes:
      - ../../b:/b
      - ./x/../../../c:/c
secrets: { s: { file: ~/.token } }
`;
  const found = problems(text);
  expect(found.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
    '3 unsupported services.a.build',
    '4 unsupported services.a.env_file',
    '6 unsupported services.a.volumes[0]',
    '7 unsupported services.a.volumes[1]',
    '8 unsupported secrets.s.file',
  ]);
  expect(found[0]).toContain('--allow-mount /home/a/other`');
  expect(found[3]).toContain('--allow-mount /home/c`, or use a named volume');
  expect(found[4]).toContain('--allow-mount /home/a/.token`');
});

test('a relative path, or one in /tmp, never means what the machine has itself', () => {
  const files = { directory: '/tmp/work/shop', mountable: ['/tmp/work/shop'] };
  const text =
    'services: {a: {image: x, volumes: ["../other:/a", "/tmp/fixtures:/b", "/tmp:/c", "./in:/d"]}}';
  const { problems: found } = parseCompose(text, { variables: {}, files });
  expect(found.map(({ path }) => path)).toEqual(['services.a.volumes[0]', 'services.a.volumes[1]']);
  expect(found[0]?.message).toContain('--allow-mount /tmp/work/other`');
});

test('the command that allows a path names all of it', () => {
  const far = `/elsewhere/${'x'.repeat(150)}`;
  expect(problems(`services: {a: {image: x, env_file: ${far}/e}}`)[0]).toContain(`--allow-mount ${far}/e\``);
});

test("the machine's own paths are no files for anything but mounts", () => {
  const found = problems('services: {a: {image: x, env_file: /run/env}}\nsecrets: {s: {file: /etc/passwd}}');
  expect(found).toHaveLength(2);
  expect(found[0]).toContain('/run/env');
  expect(found[1]).toContain('at /etc the machine has its own system');
});

test('what only BuildKit can do, git and Windows are refused', () => {
  const text = `services:
  a: { build: { context: ., secrets: [s], ssh: [default], additional_contexts: { b: ../b }, platforms: [a, b] } }
  b: { build: "https://example.com/x.git" }
  c: { image: x, volumes: ['C:\\\\data:/data'] }
secrets: { s: { environment: S } }
`;
  expect(problems(text).map((line) => line.split(' ')[2])).toEqual([
    'services.a.build.secrets',
    'services.a.build.ssh',
    'services.a.build.additional_contexts',
    'services.a.build.platforms',
    'services.b.build',
    'services.c.volumes[0]',
  ]);
});

test('reads the rules of develop.watch', () => {
  const text = `services:
  a:
    image: x
    develop:
      watch:
        - { path: ./src, action: sync, target: /app/src, ignore: [node_modules/] }
        - { path: package.json, action: rebuild }
        - { path: conf, action: sync+exec, target: /conf, exec: { command: [reload, now] } }
`;
  expect(read(text).project?.watch).toEqual([
    {
      service: 'a',
      action: 'sync',
      path: '/home/a/shop/src',
      target: '/app/src',
      ignore: ['node_modules/'],
      include: [],
    },
    { service: 'a', action: 'rebuild', path: '/home/a/shop/package.json', ignore: [], include: [] },
    {
      service: 'a',
      action: 'sync+exec',
      path: '/home/a/shop/conf',
      target: '/conf',
      ignore: [],
      include: [],
      exec: ['reload', 'now'],
    },
  ]);
  const wrong =
    'services: {a: {image: x, develop: {watch: [{path: a, action: sync}, {action: fly, path: b}]}}}';
  expect(problems(wrong)).toEqual([
    expect.stringContaining('needs a "target"'),
    expect.stringContaining('needs an "action"'),
  ]);
});
