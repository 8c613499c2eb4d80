import { existsSync, readdirSync, statSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import type { Environment } from '../../src/model/index.ts';
import {
  berth,
  berthJson,
  berthOk,
  fork,
  inMachine,
  inspect,
  removeAllEnvironments,
  startBerth,
} from './rig/berth.ts';
import { docker, dockerode, dockerOk, dockerPath, startDocker } from './rig/docker.ts';
import { ROOT, sharedHome } from './rig/home.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { runProgram } from './rig/program.ts';
import { TINY_IMAGE, tinyProject, workDirectory } from './rig/tiny.ts';

const CLIENTS = 100;
const TOUR_STEPS = 40;
/** Steps of the tour take about a second each under emulation, and several on a busy host. */
const TOUR_TIMEOUT_MS = 480_000;
const GONE = { timeout: 20_000 };

let dock: Environment;

beforeAll(async () => {
  await prepareAlone();
  const file = await tinyProject('dock', [{ name: 'web', ports: ['8080:80'] }]);
  await berthOk(['up', '-f', file, '--name', 'dock']);
  dock = await inspect('dock');
});
afterAll(() => removeAllEnvironments());

/** Connections to the engine in the machine. */
async function engineConnections(): Promise<number> {
  return Number(await inMachine('dock', "grep -c ' 03 .*podman.sock' /proc/net/unix || true"));
}

async function daemonFiles(): Promise<number> {
  const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A container that runs until the end of the test. */
async function withContainer(
  options: Docker.ContainerCreateOptions,
  use: (container: Docker.Container) => Promise<void>,
): Promise<void> {
  const container = await dockerode(dock).createContainer({ Image: TINY_IMAGE, ...options });
  try {
    await container.start();
    await use(container);
  } finally {
    await container.remove({ force: true });
  }
}

describe('the socket', () => {
  test('is shown by inspect, and is for those only who may use Berth', async () => {
    expect(dock.dockerSocket).toBe(join(sharedHome(), 'run/docker/dock.sock'));
    expect(await berthOk(['inspect', 'dock'])).toContain(`unix://${dock.dockerSocket}`);
    expect(statSync(dock.dockerSocket).mode & 0o007).toBe(0);
  });

  test('serves the docker that is there, with its exit code, its input and its signals', async () => {
    const env = { ...process.env, PATH: await dockerPath() };
    expect(await berthOk(['docker', 'dock', '--', 'ps', '--format', '{{.Names}}'], { env })).toBe(
      'dock-web-1\n',
    );
    const argv = ['docker', 'dock', '--', 'exec', '-i', 'dock-web-1', 'sh', '-c', 'cat; exit 7'];
    expect(await berth(argv, { env, input: 'typed' })).toMatchObject({ code: 7, stdout: 'typed' });
    await using following = startBerth(['docker', 'dock', '--', 'events'], { env });
    await expect.poll(engineConnections).toBeGreaterThan(0);
    following.kill('SIGTERM');
    expect((await following.ended).code).not.toBe(0);
  });

  test('has a Docker context if wanted, which goes again', async () => {
    const env = { ...process.env, PATH: await dockerPath(), DOCKER_CONFIG: workDirectory('docker-config') };
    for (let times = 0; times < 2; times += 1) await berthOk(['context', 'create', 'dock'], { env });
    const ps = ['docker', '--context', 'berth-dock', 'ps', '--format', '{{.Names}}'];
    expect(await runProgram(ps, { env })).toMatchObject({ code: 0, stdout: 'dock-web-1\n' });
    await berthOk(['context', 'rm', 'dock'], { env });
    expect((await runProgram(ps, { env })).code).not.toBe(0);
  });
});

test(
  'the tour of the Docker command line ends well, on a fork as well',
  async () => {
    const [twin] = await fork('dock', '--name', 'dock-twin');
    expect(twin?.dockerSocket).toBe(join(sharedHome(), 'run/docker/dock-twin.sock'));
    const env = { ...process.env, PATH: await dockerPath(), BERTH_HOME: sharedHome() };
    const tour = join(ROOT, 'examples/docker-tour.sh');
    const { code, stdout, stderr } = await runProgram([tour, 'dock-twin'], {
      env,
      timeoutMs: TOUR_TIMEOUT_MS,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(Number(/^(\d+) steps/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(TOUR_STEPS);
    await berthOk(['rm', 'dock-twin']);
    expect(existsSync(twin?.dockerSocket ?? '')).toBe(false);
  },
  TOUR_TIMEOUT_MS + 60_000,
);

describe('dockerode', () => {
  test('attaches: input ends by itself, output comes to its end', async () => {
    const options = { Cmd: ['cat'], OpenStdin: true, StdinOnce: true, AttachStdin: true };
    const container = await dockerode(dock).createContainer({ Image: TINY_IMAGE, ...options });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    await container.start();
    stream.end('to and fro');
    expect(await text(stream)).toContain('to and fro');
    expect(await container.wait()).toMatchObject({ StatusCode: 0 });
    await container.remove();
  });

  test('executes with a terminal and without, resizes, and tells exit codes', async () => {
    await withContainer({}, async (container) => {
      const run = async (options: Docker.ExecCreateOptions) => {
        const exec = await container.exec({ AttachStdout: true, AttachStderr: true, ...options });
        const stream = await exec.start({ hijack: true, stdin: false, Tty: options.Tty ?? false });
        const said = await buffer(stream);
        return { said: said.toString(), code: (await exec.inspect()).ExitCode };
      };
      expect(await run({ Cmd: ['sh', '-c', 'echo out; exit 5'] })).toMatchObject({ code: 5 });
      expect(await run({ Cmd: ['echo', 'terminal'], Tty: true })).toEqual({ said: 'terminal\r\n', code: 0 });
    });
  });

  test('follows logs, statistics and events as they come', async () => {
    const events = (await dockerode(dock).getEvents()) as Readable;
    const seen: string[] = [];
    events.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    const Cmd = ['sh', '-c', 'i=0; while :; do echo "tick $i"; i=$((i + 1)); sleep 0.3; done'];
    await withContainer({ Cmd }, async (container) => {
      const logs = (await container.logs({
        follow: true,
        stdout: true,
        stderr: true,
      })) as unknown as Readable;
      let said = '';
      logs.on('data', (chunk: Buffer) => {
        said += chunk.toString('latin1');
      });
      await expect.poll(() => said).toContain('tick 3');
      const stats = (await container.stats({ stream: true })) as unknown as Readable;
      const [first] = (await new Promise<unknown>((resolve) =>
        stats.once('data', (part) => resolve([part])),
      )) as [Buffer];
      expect(JSON.parse(first.toString())).toMatchObject({ name: expect.stringMatching(/^\//) as unknown });
      for (const stream of [logs, stats]) stream.destroy();
    });
    await expect.poll(() => seen.join('')).toContain('"Action":"start"');
    events.destroy();
  });

  test('sends and fetches archives and images', async () => {
    await withContainer({}, async (container) => {
      const archive = await runProgram(['tar', '-C', ROOT, '-cf', '-', 'LICENSE', 'README.md']);
      await container.putArchive(Buffer.from(archive.stdout), { path: '/tmp' });
      const back = await buffer(await container.getArchive({ path: '/tmp/LICENSE' }));
      expect(back.toString()).toContain('Apache License');
    });
    const saved = await buffer(await dockerode(dock).getImage(TINY_IMAGE).get());
    expect(saved.length).toBeGreaterThan(500_000);
    const loading = await dockerode(dock).loadImage(PassThrough.from([saved]));
    expect(await text(loading)).toContain(TINY_IMAGE);
  });
});

describe('mounts', () => {
  const create = (HostConfig: Docker.HostConfig) =>
    dockerode(dock).createContainer({ Image: TINY_IMAGE, HostConfig });

  test('of paths that the machine does not have are refused with a remedy, and nothing is made', async () => {
    const { stderr, code } = await docker(dock, ['run', '--rm', '-v', '/srv/data:/x', TINY_IMAGE, 'true']);
    expect(code).toBe(125);
    expect(stderr).toMatch(/HostConfig\.Binds\[0\].*\/srv\/data.*--allow-mount \/srv\/data/);
    for (const config of [
      { Binds: ['/etc:/x'] },
      { Binds: [`/tmp/${dock.id}:/x`] },
      { Mounts: [{ Type: 'bind' as const, Source: '/root', Target: '/x' }] },
      { Binds: ['/dev/../home:/x'] },
    ])
      await expect(create(config)).rejects.toMatchObject({ statusCode: 400 });
    const DriverOpts = { type: 'none', o: 'bind', device: '/etc' };
    await expect(dockerode(dock).createVolume({ Name: 'disguised', DriverOpts })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(await dockerOk(dock, ['ps', '-aq', '--filter', 'status=created'])).toBe('');
    expect(await dockerOk(dock, ['volume', 'ls', '-q'])).toBe('');
    expect(await inMachine('dock', `ls -d /srv/data /tmp/${dock.id} 2>/dev/null || echo none`)).toBe(
      'none\n',
    );
  });

  test("of the machine's own are allowed, its engine's socket among them", async () => {
    const binds = ['/var/run/docker.sock:/s', '/dev/null:/n:ro', '/:/machine:ro'];
    const container = await create({ Binds: binds });
    await container.remove();
  });
});

describe('clients', () => {
  test('that vanish leave nothing: no stream in the machine, no file in the daemon', async () => {
    const before = await engineConnections();
    const filesBefore = await daemonFiles();
    await withContainer(
      { name: 'lone', Cmd: ['sh', '-c', 'while :; do echo x; sleep 0.2; done'] },
      async () => {
        const commands = [
          ['logs', '-f', 'lone'],
          ['events'],
          ['attach', 'lone'],
          ['stats', 'lone'],
          ['exec', 'lone', 'sh', '-c', 'while :; do echo y; sleep 0.2; done'],
        ];
        const clients = await Promise.all(commands.map((argv) => startDocker(dock, argv)));
        await expect.poll(engineConnections, GONE).toBeGreaterThanOrEqual(before + commands.length);
        for (const client of clients) client.kill('SIGKILL');
        await Promise.all(clients.map((client) => client.ended));
        await expect.poll(engineConnections, { timeout: 60_000 }).toBeLessThanOrEqual(before + 1);
      },
    );
    await expect.poll(daemonFiles, GONE).toBeLessThanOrEqual(filesBefore);
  });

  test(`${CLIENTS} at once are all served`, async () => {
    const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
    const ask = (path: string) =>
      new Promise<number>((resolve, reject) => {
        httpGet({ socketPath: dock.dockerSocket, path, agent: false }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
        }).once('error', reject);
      });
    const paths = [
      '/v1.41/containers/json',
      '/_ping',
      '/v1.41/images/json',
      '/v1.41/containers/dock-web-1/json',
    ];
    const calls = Array.from({ length: CLIENTS }, (_, index) => ask(paths[index % paths.length] ?? ''));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    expect(isRunning(pid)).toBe(true);
    await expect.poll(engineConnections, GONE).toBeLessThanOrEqual(10);
  });

  test('that speak no HTTP, or break off in the middle of a large body, harm nobody', async () => {
    const send = (bytes: string | Buffer) =>
      new Promise<void>((resolve) => {
        const socket = connect(dock.dockerSocket);
        socket.on('error', () => undefined).once('close', () => resolve());
        socket.write(bytes, () => setTimeout(() => socket.destroy(), 200));
      });
    const head = 'POST /v1.41/images/load HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n';
    await Promise.all([
      send(Buffer.alloc(1_000_000, 0xff)),
      send(`${head}${'x'.repeat(5_000_000)}`),
      send('POST /v1.41/build HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a chunk'),
      send(`GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    ]);
    expect(await dockerOk(dock, ['ps', '-q'])).not.toBe('');
    await expect.poll(() => inMachine('dock', 'ls /var/tmp | grep -c api_load || true'), GONE).toBe('0\n');
  });
});

test('the socket outlives stop, start and the daemon, and says meanwhile what to do', async () => {
  const inode = statSync(dock.dockerSocket).ino;
  await berthOk(['stop', 'dock']);
  const { code, stderr } = await docker(dock, ['ps']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('berth start dock')]);
  expect(
    await dockerode(dock)
      .ping()
      .catch(({ statusCode }: { statusCode: number }) => statusCode),
  ).toBe(503);
  await berthOk(['start', 'dock']);
  expect(statSync(dock.dockerSocket).ino).toBe(inode);
  expect(await dockerOk(dock, ['ps', '--format', '{{.Names}}'])).toBe('dock-web-1\n');
  await berthOk(['daemon', 'stop']);
  expect(existsSync(dock.dockerSocket)).toBe(false);
  await berthOk(['ls']);
  expect(await dockerOk(dock, ['ps', '--format', '{{.Names}}'])).toBe('dock-web-1\n');
});
