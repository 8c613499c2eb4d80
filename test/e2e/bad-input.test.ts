import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { announceBody, callApi } from './rig/api.ts';
import {
  berth,
  berthAs,
  berthFails,
  berthOk,
  environments,
  fork,
  inspect,
  removeAllEnvironments,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { OtherHome } from './rig/other-home.ts';
import { pathWithout } from './rig/path-without.ts';
import { prepareAlone } from './rig/prepare.ts';
import { makeTinyImage, tinyCompose, tinyProject, TINY_WEB, workDirectory } from './rig/tiny.ts';
import { stateOf } from './rig/unchanged.ts';

const INPUT = 2;
const NOT_FOUND = 3;
const CONFLICT = 4;
const HOST = 5;
const MACHINE = 7;
const NOBODY = 65_534;
/** Nobody else on the host is likely to listen here. */
const TAKEN_PORT = 28_417;

let project: string;
let before: Record<string, unknown>;

beforeAll(async () => {
  await prepareAlone();
  project = await tinyProject('bad');
  await berthOk(['up', '-f', project, '--name', 'good']);
  await fork('good', '--name', 'asleep');
  await berthOk(['stop', 'asleep', '--force']);
});
afterAll(() => removeAllEnvironments());

beforeEach(async () => {
  before = await stateOf();
});
/** Whatever was refused or failed: nothing half-made is left of it. */
afterEach(async () => {
  await expect.poll(() => stateOf(), { timeout: 10_000 }).toEqual(before);
});

/** Writes a Compose file into a directory of its own; gives its path. */
function composeFile(name: string, text: string): string {
  const directory = workDirectory(`bad-${name}`);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, text);
  return file;
}

describe('a Compose file that is not right', () => {
  const wrong = composeFile.bind(undefined, 'wrong');
  const text = [
    'services:',
    '  web:',
    '    image: localhost/berth/tiny:1',
    '    prots: ["8080:80"]',
    '    ports:',
    '      - "99999:80"',
    '    depends_on: [nowhere]',
    '  db:',
    '    image: 7',
    'x-berth:',
    '  memory: lots',
    '',
  ].join('\n');

  test('is refused with all of its problems at once, each with line and column', async () => {
    const failure = await berthFails(['up', '-f', wrong(text), '--name', 'wrong']);
    expect(failure).toMatchObject({ code: 'compose-invalid', exitCode: INPUT });
    expect(failure.problems?.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['services.web.prots', 4, 5],
      ['services.web.ports[0]', 6, 9],
      ['services.web.depends_on[0]', 7, 18],
      ['services.db.image', 9, expect.any(Number)],
      ['x-berth.memory', 11, 11],
    ]);
  });

  test('is shown with its name before each place, a guess, and what to do next', async () => {
    const file = wrong(text);
    const { code, stderr } = await berth(['up', '-f', file, '--name', 'wrong']);
    expect(code).toBe(INPUT);
    expect(stderr).toContain(`${file}:4:5 services.web.prots`);
    expect(stderr).toContain('did you mean "ports"?');
    expect(stderr).toMatch(/^ {2}next: /m);
  });

  test('says where its YAML cannot be read', async () => {
    const failure = await berthFails([
      'up',
      '-f',
      composeFile('tab', 'services:\n  web:\n\timage: x\n'),
      '--name',
      'wrong',
    ]);
    expect(failure).toMatchObject({ code: 'compose-invalid', problems: [{ line: 3, column: 1 }] });
  });

  test('that is not there is named', async () => {
    expect(await berthFails(['up', '-f', '/nonexistent/compose.yaml'])).toMatchObject({
      code: 'bad-request',
      exitCode: INPUT,
      message: expect.stringContaining('/nonexistent/compose.yaml'),
    });
  });

  test('names an image archive that is not there', async () => {
    const file = composeFile('archive', tinyCompose([TINY_WEB]));
    const failure = await berthFails(['up', '-f', file, '--name', 'wrong']);
    expect(failure).toMatchObject({ code: 'compose-invalid', problems: [{ path: 'x-berth.images[0]' }] });
    expect(failure.problems?.[0]?.message).toContain('tiny.tar');
  });
});

describe('what does not exist', () => {
  test('an image: recipes are named', async () => {
    const failure = await berthFails(['up', '-f', project, '--name', 'wrong', '--image', 'debian-99']);
    expect(failure).toMatchObject({ code: 'image-unknown', exitCode: NOT_FOUND });
    expect(failure.message).toContain('debian-13');
  });

  test('an environment or template to fork', async () => {
    expect(await berthFails(['fork', 'nobody'])).toMatchObject({
      code: 'not-found',
      exitCode: NOT_FOUND,
      remedy: expect.stringContaining('./berth ls'),
    });
  });

  test('an environment to stop, start, remove, look into', async () => {
    for (const argv of [
      ['stop'],
      ['start'],
      ['restart'],
      ['rm'],
      ['inspect'],
      ['ps'],
      ['logs'],
      ['port'],
      ['stats'],
    ])
      expect([argv, await berthFails([...argv, 'nobody'])]).toMatchObject([
        argv,
        { code: 'not-found', exitCode: NOT_FOUND },
      ]);
  });

  test('a service to run something in: those there are are named', async () => {
    const { code, stderr } = await berth(['exec', 'good', 'db', '--', 'true']);
    expect(code).toBe(NOT_FOUND);
    expect(stderr).toContain('its services: web');
  });

  test('a command or an option', async () => {
    expect(await berth(['frok'])).toMatchObject({
      code: INPUT,
      stderr: expect.stringContaining('Did you mean fork?'),
    });
    expect(await berth(['ls', '--nonsense'])).toMatchObject({
      code: INPUT,
      stderr: expect.stringContaining('next:'),
    });
  });
});

describe('names', () => {
  test('that are taken are refused', async () => {
    expect(await berthFails(['fork', 'good', '--name', 'good'])).toMatchObject({
      code: 'name-taken',
      exitCode: CONFLICT,
    });
    expect(await berthFails(['template', 'create', 'good', 'good'])).toMatchObject({
      code: 'name-taken',
      exitCode: CONFLICT,
    });
  });

  test.for(['Bad_Name', '-x', 'a b', '../../etc', 'x'.repeat(41), 'a,b=c', ''])(
    'that are not allowed are refused: "%s"',
    async (name) => {
      const { code, stderr } = await berth(['up', '-f', project, `--name=${name}`]);
      expect(code).toBe(INPUT);
      expect(stderr).toContain('lower-case letters, digits and hyphens');
      const answer = await callApi('POST', '/forks', JSON.stringify({ source: 'good', name }));
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'bad-request', problems: [{ path: 'name' }] },
      });
    },
  );
});

describe('more than the host has', () => {
  test('of memory', async () => {
    const failure = await berthFails(['up', '-f', project, '--name', 'wrong', '--memory', '64TiB']);
    expect(failure).toMatchObject({
      code: 'memory-exceeded',
      exitCode: INPUT,
      problems: [{ path: 'memory' }],
    });
    expect(failure.message).toContain('64 TiB');
  });

  test('of CPUs and memory: both are told', async () => {
    const failure = await berthFails([
      'up',
      '-f',
      project,
      '--name',
      'wrong',
      '--memory',
      '64TiB',
      '--cpus',
      '255',
    ]);
    expect(failure.problems?.map(({ path }) => path)).toEqual(['cpus', 'memory']);
  });

  test('of disk: a full file system is told before anything is made', async () => {
    await using small = await OtherHome.small(48);
    const options = { home: small.path };
    expect(await environments(options)).toEqual([]);
    const empty = await stateOf(small.path);
    expect(await berthFails(['up', '-f', project, '--name', 'wrong'], options)).toMatchObject({
      code: 'disk-full',
      exitCode: HOST,
      remedy: expect.stringContaining('df -h'),
    });
    expect(await berthFails(['image', 'build', 'debian-13'], options)).toMatchObject({
      code: 'disk-full',
      exitCode: HOST,
    });
    expect(await stateOf(small.path)).toEqual(empty);
  });
});

describe('a port that is in use', () => {
  let holder: Server;

  beforeAll(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(TAKEN_PORT, '0.0.0.0', resolve));
  });
  afterAll(() => holder.close());

  test('is told with the process that holds it, before anything starts', async () => {
    const publish = `127.0.0.1:${TAKEN_PORT}:web:80`;
    const startedMs = performance.now();
    const failure = await berthFails(['up', '-f', project, '--name', 'wrong', '--publish', publish]);
    expect(failure).toMatchObject({ code: 'port-in-use', exitCode: CONFLICT });
    expect(failure.message).toContain(`process ${process.pid} (`);
    expect(failure.message).toContain(`127.0.0.1:${TAKEN_PORT}`);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  test('at every address is told for the own address of the environment, too', async () => {
    const file = composeFile('port', tinyCompose([{ name: 'web', ports: [`${TAKEN_PORT}:80`] }]));
    await makeTinyImage(join(file, '..'));
    const failure = await berthFails(['up', '-f', file, '--name', 'wrong']);
    expect(failure).toMatchObject({ code: 'port-in-use', exitCode: CONFLICT });
    expect(failure.message).toContain(`process ${process.pid} (`);
  });

  test('of a running environment is told before a changed file touches it', async () => {
    const failure = await berthFails([
      'up',
      '-f',
      project,
      '--name',
      'good',
      '--publish',
      `127.0.0.1:${TAKEN_PORT}:web:80`,
    ]);
    expect(failure).toMatchObject({ code: 'port-in-use' });
    expect(await inspect('good')).toMatchObject({ state: 'running' });
  });

  test('on an address that the host does not have is told as such', async () => {
    expect(
      await berthFails(['up', '-f', project, '--name', 'wrong', '--publish', '203.0.113.77:8080:web:80']),
    ).toMatchObject({
      code: 'address-unavailable',
      message: expect.stringContaining('203.0.113.77'),
    });
  });

  test('that no service publishes cannot be published', async () => {
    expect(
      await berthFails(['up', '-f', project, '--name', 'wrong', '--publish', '127.0.0.1:28418:db:5432']),
    ).toMatchObject({
      code: 'bad-request',
      exitCode: INPUT,
      problems: [{ path: 'publish[0]', message: expect.stringContaining('service "db"') }],
    });
  });
});

describe('what is not possible now', () => {
  test('forking or measuring an environment that is stopped; starting one that runs', async () => {
    expect(await berthFails(['fork', 'asleep'])).toMatchObject({
      code: 'not-running',
      exitCode: CONFLICT,
      remedy: expect.stringContaining('./berth start asleep'),
    });
    expect(await berthFails(['stats', 'asleep'])).toMatchObject({ code: 'not-running' });
    expect(await berthFails(['start', 'good'])).toMatchObject({
      code: 'already-running',
      exitCode: CONFLICT,
    });
  });

  test('a second change while the first one goes on; cancelled, the first leaves everything as it was', async () => {
    const started = await berthOk(['start', 'asleep', '--no-wait']);
    for (const argv of [['start'], ['stop'], ['restart'], ['fork']]) {
      expect([argv, await berthFails([...argv, 'asleep'])]).toMatchObject([
        argv,
        { code: 'conflict', exitCode: CONFLICT, remedy: expect.stringContaining('./berth operation cancel') },
      ]);
    }
    expect(await berthOk(['operation', 'cancel', started.trim()])).toContain('cancelled');
  });

  test('a service that ends at once: up says which one, with its last lines', async () => {
    const broken = { name: 'web', command: ['sh', '-c', 'echo this is why; exit 3'], ports: ['8080:80'] };
    const file = composeFile('ends', tinyCompose([broken]));
    await makeTinyImage(join(file, '..'));
    const failure = await berthFails(['up', '-f', file, '--name', 'ends']);
    expect(failure).toMatchObject({
      code: 'service-failed',
      exitCode: MACHINE,
      remedy: expect.stringContaining('./berth logs ends web'),
    });
    expect(failure.message).toContain('exit code 3');
    expect(failure.message).toContain('this is why');
    expect(await inspect('ends')).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('exit code 3'),
    });
    expect(await berthOk(['logs', 'ends', 'web'])).toContain('this is why');
    await berthOk(['rm', 'ends']);
  });
});

describe('a host or a user that lacks something', () => {
  test('a user who is not root is told to use sudo', async () => {
    for (const argv of [['ls'], ['up', '-f', project, '--name', 'wrong'], ['daemon', 'stop']]) {
      const { code, stderr } = await berthAs(NOBODY, argv);
      expect([argv, code]).toEqual([argv, HOST]);
      expect(stderr).toContain(`${sharedHome()}/run/api.sock`);
      expect(stderr).toContain('sudo ./berth');
    }
    const home = `${sharedHome()}/of-nobody`;
    expect(await berthAs(NOBODY, ['up', '-f', project], { home })).toMatchObject({
      code: HOST,
      stderr: expect.stringContaining('sudo ./berth'),
    });
  });

  test('a host without QEMU is told how to get it, and nothing is begun', async () => {
    await using other = OtherHome.plain();
    const PATH = pathWithout(/^qemu-/, workDirectory('no-qemu'));
    const options = { home: other.path, env: { ...process.env, PATH } };
    expect(await berthFails(['up', '-f', project, '--name', 'wrong'], options)).toMatchObject({
      code: 'qemu-missing',
      exitCode: HOST,
      remedy: expect.stringContaining('./berth host setup'),
    });
    expect(await environments(options)).toEqual([]);
    expect(await stateOf(other.path)).toMatchObject({ machines: 0, directories: { builds: [], images: [] } });
    await berthOk(['daemon', 'stop'], options);
  });
});

describe('requests that are not right', () => {
  test('unknown and missing fields are all named', async () => {
    const answer = await callApi('POST', '/environments', '{"nope":1,"compose":7}');
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad-request' } });
    const { problems } = answer.body as { problems: { path: string }[] };
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'compose',
      'nope',
      'projectDirectory',
      'variables',
    ]);
  });

  test('an unknown field that looks like a request of another version is not taken silently', async () => {
    expect(await callApi('POST', '/forks', '{"source":"good","replicas":3}')).toMatchObject({
      status: 400,
      body: { problems: [{ path: 'replicas', message: 'is not a known field' }] },
    });
  });

  test('a body that is no JSON, too large, or has a dangerous key', async () => {
    expect(await callApi('POST', '/forks', '{"source":')).toMatchObject({
      status: 400,
      body: { code: 'bad-request' },
    });
    expect(await callApi('POST', '/forks', '{"__proto__":{"source":"good"},"source":"good"}')).toMatchObject({
      status: 400,
    });
    expect(await announceBody('/forks', 3 * 1024 ** 2)).toBe(413);
  });

  test('an unknown address or query', async () => {
    expect(await callApi('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await callApi('GET', '/environments/nobody')).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
    expect(await callApi('GET', '/events?nope=1')).toMatchObject({
      status: 400,
      body: { problems: [{ path: 'nope' }] },
    });
  });
});
