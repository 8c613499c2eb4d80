import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src/model/index.ts';
import type { Client, EnvironmentsApi, SnapshotsApi } from '../../../src/client/index.ts';
import type { ForkRequest, LifecycleRequest, UpRequest } from '../../../src/contract/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { createFakeCli, runFake } from './fake-cli.ts';
import { environment, operation, stats } from './samples.ts';

function clientWith(environments: Partial<EnvironmentsApi>, rest: Partial<Client> = {}): Partial<Client> {
  return {
    environments: environments as EnvironmentsApi,
    snapshots: { list: async () => [] } as Partial<SnapshotsApi> as SnapshotsApi,
    finishOperation: async (_id, options) => {
      options?.onUpdate?.(operation());
      return operation();
    },
    version: async () => ({ version: '0', apiVersion: 1, node: '24', accelerator: 'tcg' }),
    ...rest,
  };
}

test('ls is a table; ports on the own address are numbers, others are in full', async () => {
  const list = async () => [
    environment(),
    environment({ name: 'two', state: 'stopped', ports: [], parent: 'shop' }),
  ];
  const { out } = await runFake(clientWith({ list }), 'ls');
  const [head, first, second] = out.split('\n');
  expect(head).toMatch(/^NAME {3}STATE +ADDRESS +PORTS +SHAPE +FROM +AGE$/);
  expect(first).toMatch(
    /^shop {3}running {3}127\.88\.0\.2 {3}8080, 0\.0\.0\.0:5353\/udp {3}1x512MiB {3}- {6}\d+ d$/,
  );
  expect(second).toMatch(/^two {4}stopped {3}127\.88\.0\.2 {3}- .*shop/);
});

test('ls --json prints what the daemon said, ls -q the names', async () => {
  const client = clientWith({ list: async () => [environment()] });
  expect(JSON.parse((await runFake(client, 'ls', '--json')).out)).toEqual([environment()]);
  expect((await runFake(client, 'ls', '-q')).out).toBe('shop\n');
});

test('an empty list says how to fill it, and not where results go', async () => {
  const { out, err } = await runFake(clientWith({ list: async () => [] }), 'ls');
  expect([out, err]).toEqual(['', 'No environments; create one with: berth up\n']);
});

test('up sends the file, the directory and the flags, and ends with address and ports', async () => {
  const sent: UpRequest[] = [];
  const client = clientWith({
    up: async (request) => {
      sent.push(request);
      return operation({ state: 'running' });
    },
    get: async () => environment(),
    files: () => Promise.reject(new Error('the operation has ended')),
  });
  const file = `${import.meta.dirname}/compose.sample.yaml`;
  const flags = [
    '--cpus',
    '2',
    '--memory',
    '1GiB',
    '--disk',
    '20',
    '--publish',
    '0.0.0.0:80:web:80',
    '--publish',
    '0.0.0.0:81:web:80',
    '--build',
    '--allow-mount',
    '/data',
    '--allow-mount',
    'near',
  ];
  const { out, err } = await runFake(client, 'up', '-f', file, '--image', 'debian-13', ...flags);
  expect(sent).toEqual([
    {
      name: 'sample',
      compose: expect.stringContaining('services:') as unknown,
      composePath: file,
      projectDirectory: import.meta.dirname,
      variables: {},
      shape: { vcpus: 2, memoryMib: 1024, diskGib: 20 },
      publish: [
        { hostAddress: '0.0.0.0', hostPort: 80, service: 'web', containerPort: 80 },
        { hostAddress: '0.0.0.0', hostPort: 81, service: 'web', containerPort: 80 },
      ],
      image: 'debian-13',
      build: true,
      files: { mounts: ['/data', '/proc/near'] },
    },
  ]);
  expect(out).toBe(
    'shop is running at 127.88.0.2 after 1.5 s\n  127.88.0.2:8080 → web:80\n  0.0.0.0:5353 → dns:53/udp\n',
  );
  expect(err).toContain('✔ boot the guest  1.0 s');
  expect(err).toContain('isolation of the guests is not guaranteed');
});

test('problems of a file are told with the name of the file', async () => {
  const problems = [{ path: 'services.web', message: 'unknown key', line: 3, column: 5 }];
  const client = clientWith({ up: () => Promise.reject(berthError('compose-invalid', 'bad', { problems })) });
  const up = runFake(client, 'up', '-f', `${import.meta.dirname}/compose.sample.yaml`);
  await expect(up).rejects.toMatchObject({
    code: 'compose-invalid',
    problems: [{ line: 3, file: expect.stringMatching(/compose\.sample\.yaml$/) as unknown }],
  });
});

test('--no-wait prints the id of the operation', async () => {
  const client = clientWith({ fork: async () => operation({ state: 'running' }) });
  expect((await runFake(client, 'fork', 'shop', '--no-wait')).out).toBe('op-000000000001\n');
});

test('fork -q prints the names of the forks and nothing else', async () => {
  const client = clientWith({
    fork: async () => operation({ state: 'running' }),
    get: async (name) => environment({ name, parent: 'shop' }),
  });
  const made = { ...operation(), result: { names: ['shop-2', 'shop-3'] } };
  const { out, err } = await runFake(
    { ...client, finishOperation: async () => made },
    ...['fork', 'shop', '--count', '2', '-q'],
  );
  expect([out, err]).toEqual(['shop-2\nshop-3\n', '']);
});

test('fork shows each fork with its time, the pause of the parent and what it cost', async () => {
  const sent: ForkRequest[] = [];
  const fork = {
    from: 'shop',
    readyMs: 412,
    parentPausedMs: 61,
    steps: { freeze: 120, clone: 15 },
    frozenBytes: 2 * 1024 ** 2,
  };
  const client = clientWith(
    {
      fork: async (request) => {
        sent.push(request);
        return operation({ state: 'running' });
      },
      get: async (name) => environment({ name, fork, parent: 'shop' }),
    },
    { finishOperation: async () => operation({ result: { names: ['shop-1', 'shop-2'] } }) },
  );
  const { out } = await runFake(client, 'fork', 'shop', '--count', '2', '--name', 'shop');
  expect(sent).toEqual([{ source: 'shop', name: 'shop', count: 2 }]);
  const lines = out.split('\n');
  expect(lines[1]).toMatch(/^shop-1 +127\.88\.0\.2 +127\.88\.0\.2:8080, .* 412 ms +61 ms$/);
  expect(lines[3]).toBe('shop-1: freeze 120 ms, clone 15 ms, 2 MiB written to freeze shop');
});

test('stop passes its deadline and force on, and tells what came back', async () => {
  const sent: unknown[] = [];
  const client = clientWith({
    stats: async () => stats(),
    stop: async (name: string, request?: LifecycleRequest) => {
      sent.push([name, request]);
      return operation({ state: 'running' });
    },
  });
  const { out } = await runFake(client, 'stop', 'shop', 'shop', '--timeout', '10s', '--force');
  expect(sent).toEqual([['shop', { timeoutMs: 10_000, force: true }]]);
  expect(out).toBe('shop stopped; back: 98 MiB of memory\n');
});

test('rm tells what came back, disk included; with --force what is not there is no error', async () => {
  const removed: string[] = [];
  const client = clientWith({
    stats: async () => stats(),
    get: async (name) => {
      if (name === 'shop') return environment();
      throw berthError('not-found', `no ${name}`);
    },
    remove: async (name) => {
      removed.push(name);
      return operation({ state: 'running' });
    },
  });
  const { out } = await runFake(client, 'rm', '--force', 'shop', 'gone');
  expect([removed, out]).toEqual([['shop'], 'shop removed; back: 98 MiB of memory, 12 MiB of disk\n']);
});

test('what went well is told even when another one failed', async () => {
  const client = clientWith({
    stats: () => Promise.reject(berthError('not-running', 'it does not run')),
    remove: async (name) => {
      if (name === 'b') throw berthError('not-found', 'no b');
      return operation({ targets: [name] });
    },
  });
  const cli = createFakeCli(client);
  const program = await createProgram(cli, ['rm'], () => undefined);
  await expect(program.parseAsync(['rm', 'shop', 'b'], { from: 'user' })).rejects.toMatchObject({
    code: 'not-found',
  });
  expect(cli.out.text()).toBe('shop removed\n');
});

test('one of several that fails does not keep the others, and decides the exit code', async () => {
  const client = clientWith({
    get: async (name) => environment({ name }),
    start: async (name) => {
      if (name === 'b') throw berthError('already-running', 'b runs already');
      if (name === 'c') throw berthError('not-found', 'no c');
      return operation({ targets: [name] });
    },
  });
  await expect(runFake(client, 'start', 'a', 'b', 'c')).rejects.toMatchObject({ exitCode: 4 });
  await expect(runFake(client, 'start', 'a', 'b')).rejects.toMatchObject({ code: 'already-running' });
});

test('a deadline that passes leaves the operation running and says how to follow it', async () => {
  const never: Client['finishOperation'] = (_id, options) =>
    new Promise((_, reject) => {
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    });
  const client = clientWith(
    { fork: async () => operation({ state: 'running' }) },
    { finishOperation: never },
  );
  await expect(runFake(client, 'fork', 'shop', '--timeout', '20ms')).rejects.toMatchObject({
    code: 'timeout',
    exitCode: 124,
    remedy: expect.stringContaining('./berth operation show -f op-000000000001') as unknown,
  });
});

test('port finds one address for scripts', async () => {
  const client = clientWith({ get: async () => environment() });
  expect((await runFake(client, 'port', 'shop', 'web', '80')).out).toBe('127.88.0.2:8080\n');
  expect((await runFake(client, 'port', 'shop')).out).toBe(
    '127.88.0.2:8080 → web:80\n0.0.0.0:5353 → dns:53/udp\n',
  );
  await expect(runFake(client, 'port', 'shop', 'web', '81')).rejects.toMatchObject({
    code: 'not-found',
    exitCode: 3,
  });
});

test('logs name the service when there are several, and pass the flags on', async () => {
  const queries: unknown[] = [];
  const services = ['web', 'store'].map((name) => ({ name, container: name, image: 'i', state: 'running' }));
  const client = clientWith({
    get: async () => environment({ services }),
    logs: async function* (_name, query) {
      queries.push([query?.service, query?.follow, query?.tail, query?.timestamps]);
      yield { service: 'web', stream: 'stdout', line: 'hello\u001b]52;c;x\u0007' };
      yield { service: 'store', stream: 'stderr', line: 'there', at: '2026-01-01T00:00:00Z' };
    },
  });
  const all = await runFake(client, 'logs', '-f', '-n', '5', '-t', 'shop');
  expect(all.out).toBe('web   | hello\u001b]52;c;x\u0007\nstore | 2026-01-01T00:00:00Z there\n');
  const one = await runFake(client, 'logs', 'shop', 'web');
  expect(one.out).toContain('hello');
  expect(one.out).not.toContain('|');
  expect(queries).toEqual([
    [undefined, true, 5, true],
    ['web', false, undefined, false],
  ]);
});

test('the console has no services and cannot be followed', async () => {
  const client = clientWith({ console: async () => 'one\r\ntwo\nthree\n' });
  expect((await runFake(client, 'logs', '--console', '-n', '2', 'shop')).out).toBe('two\nthree\n');
  await expect(runFake(client, 'logs', '--console', '-f', 'shop')).rejects.toMatchObject({
    code: 'bad-request',
  });
});

test('host doctor shows remedies and ends with 5 when something is missing', async () => {
  const findings = [
    { check: 'memory', level: 'ok', message: '8 GiB' },
    { check: 'qemu', level: 'error', message: 'missing', remedy: 'sudo ./berth host setup' },
  ] as const;
  const host = {
    report: async () => ({ ok: false, accelerator: 'none', findings }),
  } as unknown as Client['host'];
  const { out, exitCode } = await runFake({ host }, 'host', 'doctor');
  expect(out).toBe('✔ memory: 8 GiB\n✖ qemu: missing\n    next: sudo ./berth host setup\n');
  expect(exitCode).toBe(5);
});

test.each([
  [['up', '--cpus', '0'], 'whole number of 1 or more'],
  [['up', '--memory', 'much'], '768MiB'],
  [['up', '-f', '-', '-f', '-'], 'Standard input can be read only once'],
  [['up', '--publish', '8080:80'], 'ADDRESS:PORT:SERVICE:PORT'],
  [['up', '--name', 'Shop!'], 'lower-case letters'],
  [['fork'], 'missing required argument'],
  [['stop', 'a', '--timeout', '0'], 'A duration looks like'],
  [['lss'], 'Did you mean ls?'],
  [['ls', '--jsn'], 'Did you mean --json?'],
])('%j is refused and says why', async (argv, words) => {
  expect((await runFake({}, ...argv)).usage).toContain(words);
});

test.each([
  [['down', '--purge', '--yes'], '--purge removes everything and needs --all'],
  [['down', '--all', 'shop'], '--all removes every environment'],
])('%j is refused', async (argv, words) => {
  await expect(runFake({}, ...argv)).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringContaining(words) as unknown,
  });
});

test('rm tells of the snapshots that went with it', async () => {
  const all = [{ environment: 'shop' }, { environment: 'shop' }, { environment: 'other' }];
  const client = clientWith(
    {
      stats: () => Promise.reject(berthError('not-running', 'it does not run')),
      remove: async () => operation({ targets: ['shop'] }),
    },
    { snapshots: { list: async () => all as Snapshot[] } as Partial<SnapshotsApi> as SnapshotsApi },
  );
  expect((await runFake(client, 'rm', 'shop')).out).toBe('shop removed, with 2 snapshots\n');
});
