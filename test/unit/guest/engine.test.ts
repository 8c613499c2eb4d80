import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { connectEngine, type Engine } from '../../../src/guest/index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A container engine's HTTP server in this process. */
async function engineWith(
  handler: Handler,
  prepare: (server: Server) => void = () => undefined,
): Promise<Engine> {
  const server = createServer(handler);
  prepare(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const engine = connectEngine({
    engineSocket: async () => {
      const socket = connect(port, '127.0.0.1');
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return socket;
    },
  });
  onTestFinished(() => {
    engine.close();
    server.closeAllConnections();
    server.close();
  });
  return engine;
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function frame(stream: 1 | 2, content: string): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const inspected = {
  Id: 'a1',
  Name: '/shop-web-2',
  RestartCount: 1,
  Config: {
    Tty: false,
    Image: 'shop:1',
    Labels: { 'com.docker.compose.service': 'web', 'com.docker.compose.container-number': '2' },
  },
  State: {
    Status: 'running',
    ExitCode: 0,
    StartedAt: '2026-01-02T03:04:05.123456789Z',
    FinishedAt: '0001-01-01T00:00:00Z',
    Health: { Status: 'unhealthy', Log: [{ Output: 'old' }, { Output: 'connection refused\n' }] },
  },
  NetworkSettings: {
    Ports: {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
      ],
      '53/udp': [{ HostPort: '5353' }],
      '9000/tcp': null,
    },
  },
};

test('containers of a project with health, ports and times', async () => {
  let query = '';
  const engine = await engineWith((request, response) => {
    const url = new URL(request.url ?? '', 'http://engine');
    if (url.pathname === '/v1.41/containers/json') {
      query = url.searchParams.get('filters') ?? '';
      json(response, [{ Id: 'b2' }, { Id: 'a1' }, { Id: 'gone' }]);
    } else if (url.pathname.includes('/gone/')) json(response, { message: 'no such container' }, 404);
    else if (url.pathname.includes('/b2/')) {
      const state = {
        Status: 'exited',
        ExitCode: 3,
        StartedAt: '2026-01-01T00:00:00Z',
        FinishedAt: '2026-01-01T00:00:01Z',
        Health: { Status: '' },
      };
      const labels = { 'com.docker.compose.service': 'web', 'com.docker.compose.container-number': '1' };
      json(response, {
        ...inspected,
        Id: 'b2',
        Name: 'shop-web-1',
        State: state,
        Config: { Labels: labels },
        NetworkSettings: {},
      });
    } else json(response, inspected);
  });
  const [first, second, ...more] = await engine.containers('shop');
  expect(more).toEqual([]);
  expect(JSON.parse(query)).toEqual({
    label: ['com.docker.compose.project=shop', 'com.docker.compose.oneoff=False'],
  });
  expect(first).toMatchObject({
    id: 'b2',
    number: 1,
    state: 'exited',
    exitCode: 3,
    finishedAt: '2026-01-01T00:00:01Z',
    ports: [],
  });
  expect(first).not.toHaveProperty('health');
  expect(second).toEqual({
    id: 'a1',
    name: 'shop-web-2',
    service: 'web',
    number: 2,
    image: 'shop:1',
    state: 'running',
    health: 'unhealthy',
    healthOutput: 'connection refused',
    startedAt: '2026-01-02T03:04:05.123456789Z',
    restarts: 1,
    hasTerminal: false,
    ports: [
      { containerPort: 53, protocol: 'udp', guestPort: 5353 },
      { containerPort: 80, protocol: 'tcp', guestPort: 8080 },
    ],
  });
});

test('answers of any shape are read without falling over', async () => {
  const shapes = [
    null,
    1,
    'text',
    [],
    [null],
    [{}],
    { Id: 5, State: [], Config: null, NetworkSettings: { Ports: [1] } },
  ];
  for (const shape of shapes) {
    const engine = await engineWith((_request, response) => json(response, shape));
    await expect(engine.containers('shop')).resolves.toBeInstanceOf(Array);
    await expect(engine.images()).resolves.toBeInstanceOf(Array);
    await expect(engine.diskUse()).resolves.toEqual({ imageBytes: 0, containerBytes: 0, volumeBytes: 0 });
  }
});

test('loads an archive and tells what was in it', async () => {
  let received = '';
  let type: string | undefined;
  const engine = await engineWith((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    request.on('end', () => {
      type = request.headers['content-type'];
      response.end(
        '{"stream":"Loaded image: localhost/shop:1"}\n{"stream":"Loaded image: localhost/store:1\\n"}\n',
      );
    });
  });
  await expect(engine.loadImage(Readable.from(['tar', 'ball']), { timeoutMs: 5_000 })).resolves.toEqual([
    'localhost/shop:1',
    'localhost/store:1',
  ]);
  expect({ received, type }).toEqual({ received: 'tarball', type: 'application/x-tar' });
});

test('Podman names several images in one line', async () => {
  const engine = await engineWith((request, response) => {
    request.resume().on('end', () => json(response, { stream: 'Loaded image: a:1, b:2' }));
  });
  await expect(engine.loadImage(Readable.from(['x']), { timeoutMs: 5_000 })).resolves.toEqual(['a:1', 'b:2']);
});

test("a failing load carries the engine's message, a failing source its own", async () => {
  const engine = await engineWith((request, response) => {
    request.resume().on('end', () => json(response, { message: 'no such format' }, 500));
  });
  await expect(engine.loadImage(Readable.from(['x']), { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'engine-failed',
    message: 'the container engine says: no such format',
  });
  const broken = new Readable({ read: () => undefined });
  const loading = engine.loadImage(broken, { timeoutMs: 5_000 });
  broken.destroy(new Error('disk on fire'));
  await expect(loading).rejects.toThrow('disk on fire');
});

test('logs come apart into lines of both streams', async () => {
  let query = '';
  const engine = await engineWith((request, response) => {
    if (request.url?.includes('/json') === true) return json(response, inspected);
    query = request.url?.split('?')[1] ?? '';
    response.write(frame(1, '2026-01-02T03:04:05.1Z on'));
    response.write(frame(2, '2026-01-02T03:04:05.2Z err\n'));
    response.end(frame(1, 'e\n2026-01-02T03:04:06Z \n'));
  });
  const lines = await collect(
    engine.logs('shop-web-1', { tail: 10, timestamps: true, since: '2026-01-01T00:00:00Z' }),
  );
  expect(lines).toEqual([
    { stream: 'stderr', line: 'err', at: '2026-01-02T03:04:05.2Z' },
    { stream: 'stdout', line: 'one', at: '2026-01-02T03:04:05.1Z' },
    { stream: 'stdout', line: '', at: '2026-01-02T03:04:06Z' },
  ]);
  expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
    stdout: '1',
    stderr: '1',
    timestamps: '1',
    tail: '10',
    since: '1767225600',
  });
});

test('output of a container with a terminal is taken as it is', async () => {
  const engine = await engineWith((request, response) => {
    if (request.url?.includes('/json') === true) json(response, { Config: { Tty: true } });
    else response.end('a\r\nb');
  });
  expect(await collect(engine.logs('x'))).toEqual([
    { stream: 'stdout', line: 'a' },
    { stream: 'stdout', line: 'b' },
  ]);
});

test('followed logs end without an error when the signal aborts', async () => {
  const controller = new AbortController();
  const engine = await engineWith((request, response) => {
    if (request.url?.includes('/json') === true) json(response, inspected);
    else response.write(frame(1, 'first\n'));
  });
  const lines: string[] = [];
  for await (const { line } of engine.logs('x', { follow: true, signal: controller.signal })) {
    lines.push(line);
    controller.abort();
  }
  expect(lines).toEqual(['first']);
});

test('leaving the loop closes the stream', async () => {
  const closed = Promise.withResolvers<void>();
  const engine = await engineWith((request, response) => {
    if (request.url?.includes('/json') === true) return json(response, inspected);
    response.on('close', () => closed.resolve());
    response.write(frame(1, 'first\nsecond\n'));
  });
  const lines = engine.logs('x', { follow: true })[Symbol.asyncIterator]();
  expect(await lines.next()).toMatchObject({ value: { line: 'first' } });
  await lines.return?.();
  await closed.promise;
});

test('a log stream that breaks is an error', async () => {
  const engine = await engineWith((request, response) => {
    if (request.url?.includes('/json') === true) return json(response, inspected);
    response.write(frame(1, 'first\n'), () => request.socket.destroy());
  });
  await expect(collect(engine.logs('x', { follow: true }))).rejects.toMatchObject({
    code: 'guest-unreachable',
  });
});

test('events are read as they come, garbage is passed over', async () => {
  const controller = new AbortController();
  const event = {
    Type: 'container',
    Action: 'start',
    Actor: { ID: 'a1', Attributes: { name: 'web', odd: 5 } },
    time: 1_767_225_600,
    timeNano: 1_767_225_600_500_000_000,
  };
  const engine = await engineWith((_request, response) => {
    response.write(`not json\n{}\n${JSON.stringify(event).slice(0, 20)}`);
    response.write(`${JSON.stringify(event).slice(20)}\n`);
  });
  for await (const found of engine.events({ signal: controller.signal })) {
    expect(found).toEqual({
      at: '2026-01-01T00:00:00.500Z',
      type: 'container',
      action: 'start',
      id: 'a1',
      attributes: { name: 'web' },
    });
    controller.abort();
  }
});

/** Plays `exec`: echoes what it is told, by both streams. */
function execServer(exitCodes: (number | null)[]): {
  handler: Handler;
  prepare: (server: Server) => void;
  heard: unknown[];
} {
  const heard: unknown[] = [];
  const note = async (request: IncomingMessage) => {
    const body = await text(request);
    heard.push([request.url, body === '' ? undefined : JSON.parse(body)]);
  };
  const handler: Handler = (request, response) => {
    note(request).then(
      () => {
        if (request.url?.endsWith('/containers/web/exec') === true) json(response, { Id: 'e1' }, 201);
        else if (request.url?.endsWith('/json') === true) {
          const code = exitCodes.shift() ?? null;
          json(response, { Running: code === null, ExitCode: code ?? 0 });
        } else json(response, {});
      },
      () => undefined,
    );
  };
  const prepare = (server: Server) => {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      heard.push([request.url, request.headers.upgrade]);
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      socket.write(frame(1, 'ready\n'));
      // The body of the start request comes first: it ends with a brace.
      let skipped = false;
      socket.on('data', (chunk: Buffer) => {
        const said = skipped ? chunk.toString() : chunk.toString().replace(/^\{[^}]*\}/, '');
        skipped = true;
        if (said !== '') socket.end(Buffer.concat([frame(1, `got ${said}`), frame(2, 'err')]));
      });
      socket.on('error', () => undefined);
    });
  };
  return { handler, prepare, heard };
}

test('exec talks to a program in a container and learns how it ended', async () => {
  const { handler, prepare, heard } = execServer([null, 9]);
  const engine = await engineWith(handler, prepare);
  const process = await engine.exec('web', ['cat', 'a b'], {
    timeoutMs: 5_000,
    user: 'app',
    workingDirectory: '/srv',
    env: { A: 'b' },
  });
  process.stdin.write('hello');
  const [stdout, stderr, end] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.ended,
  ]);
  expect({ stdout, stderr, end }).toEqual({ stdout: 'ready\ngot hello', stderr: 'err', end: { code: 9 } });
  expect(heard[0]).toEqual([
    '/v1.41/containers/web/exec',
    {
      Cmd: ['cat', 'a b'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      User: 'app',
      WorkingDir: '/srv',
      Env: ['A=b'],
    },
  ]);
});

test('exec with a terminal tells its size', async () => {
  const { handler, prepare, heard } = execServer([0]);
  const engine = await engineWith(handler, prepare);
  const process = await engine.exec('web', ['sh'], { timeoutMs: 5_000, tty: { rows: 20, cols: 70 } });
  await process.resize(30, 80);
  process.stdin.write('x');
  await process.ended;
  expect(heard.flat().filter((word) => String(word).includes('resize'))).toEqual([
    '/v1.41/exec/e1/resize?h=20&w=70',
    '/v1.41/exec/e1/resize?h=30&w=80',
  ]);
});

test('exec that the engine refuses is an error', async () => {
  const engine = await engineWith((request, response) => {
    if (request.url?.endsWith('/exec') === true) json(response, { Id: 'e1' });
    else json(response, { message: 'container is not running' }, 409);
  });
  await expect(engine.exec('web', ['sh'], { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'engine-failed',
    message: expect.stringContaining('not running') as string,
  });
});

test('a missing container is not found', async () => {
  const engine = await engineWith((_request, response) =>
    json(response, { message: 'no such container' }, 404),
  );
  await expect(engine.inspect('x')).rejects.toMatchObject({ code: 'not-found' });
});

test('an engine that does not answer: the deadline, the signal, and close', async () => {
  const engine = await engineWith(() => undefined);
  await expect(engine.ping({ timeoutMs: 60 })).rejects.toMatchObject({ code: 'timeout' });
  const reason = new Error('enough');
  await expect(engine.ping({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const waiting = engine.ping();
  engine.close();
  await expect(waiting).rejects.toMatchObject({ code: 'guest-unreachable' });
});

test('an engine whose stream breaks is unreachable', async () => {
  const engine = await engineWith((request) => request.socket.destroy());
  await expect(engine.ping()).rejects.toMatchObject({ code: 'guest-unreachable' });
  const none = connectEngine({ engineSocket: () => Promise.reject(new Error('no way in')) });
  await expect(none.ping()).rejects.toMatchObject({ code: 'guest-unreachable' });
});

test('an answer without an end is cut off', async () => {
  const engine = await engineWith((_request, response) => {
    const flood = () => {
      while (!response.destroyed && response.write('x'.repeat(1 << 20)));
    };
    response.on('drain', flood);
    flood();
  });
  await expect(engine.images({ timeoutMs: 15_000 })).rejects.toMatchObject({ code: 'engine-failed' });
});

test('publishers are containers with their ports as asked for, ranges spelled out', async () => {
  const engine = await engineWith((request, response) => {
    expect(request.url).toContain('/libpod/containers/json?filters=');
    json(response, [
      {
        Names: ['dns'],
        Labels: { 'com.docker.compose.service': 'names' },
        Ports: [
          { host_ip: '', container_port: 53, host_port: 5353, range: 1, protocol: 'udp' },
          { host_ip: '127.0.0.1', container_port: 80, host_port: 9100, range: 3, protocol: 'tcp,udp' },
        ],
      },
      { Names: ['quiet'], Labels: null, Ports: null },
    ]);
  });
  const found = await engine.publishers();
  expect(found.map(({ name, service }) => [name, service])).toEqual([['dns', 'names']]);
  expect(
    found[0]?.ports.map(
      (port) => `${port.hostAddress}:${port.guestPort}:${port.containerPort}/${port.protocol}`,
    ),
  ).toEqual([
    ':5353:53/udp',
    '127.0.0.1:9100:80/tcp',
    '127.0.0.1:9101:81/tcp',
    '127.0.0.1:9102:82/tcp',
    '127.0.0.1:9100:80/udp',
    '127.0.0.1:9101:81/udp',
    '127.0.0.1:9102:82/udp',
  ]);
});

test('publishers that make no sense are left out', async () => {
  const engine = await engineWith((_, response) =>
    json(response, [
      { Names: ['\u001b[31m'], Ports: [{ container_port: 1, host_port: 1 }] },
      { Names: [], Ports: [{ container_port: 1, host_port: 1 }] },
      {
        Names: ['odd'],
        Labels: { 'com.docker.compose.service': 'a\nb' },
        Ports: [
          { container_port: 80, host_port: 65_535, range: 2, protocol: 'tcp' },
          { container_port: 80, host_port: -1, protocol: 'tcp' },
          { container_port: 80.5, host_port: 80, protocol: 'tcp' },
          { container_port: 'x', host_port: 80, protocol: 'tcp' },
          { host_ip: '\u001b[0m', container_port: 80, host_port: 80, protocol: '<b>' },
        ],
      },
      'nothing',
    ]),
  );
  expect(await engine.publishers()).toEqual([
    {
      name: 'odd',
      ports: [
        { hostAddress: 'an unreadable address', guestPort: 80, containerPort: 80, protocol: 'unknown' },
      ],
    },
  ]);
});
