import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createClient } from '../../../src/client/index.ts';
import { createUnixTransport } from '../../../src/cli/transport/unix-transport.ts';
import { berthError } from '../../../src/errors/index.ts';
import { createEventLog, createOperations, type Operations } from '../../../src/operations/index.ts';
import type { Services } from '../../../src/server/index.ts';
import { openSqliteStore } from '../../../src/store/index.ts';
import { anEnvironment, fakeServices } from '../server/fake-services.ts';
import { serve } from '../server/harness.ts';

const up = { compose: 'services: {}', projectDirectory: '/srv/shop', variables: {} };

/** Server and client on one socket, real operations behind them. */
async function join(parts: (operations: Operations) => Parameters<typeof fakeServices>[0]) {
  const store = await openSqliteStore({ path: ':memory:' });
  const events = await createEventLog({ store, now: () => new Date() });
  let made = 0;
  const makeId = () => `op-${(++made).toString(16).padStart(12, '0')}`;
  const operations = await createOperations({ store, events, now: () => new Date(), makeId });
  const services: Services = fakeServices({
    operations: {
      list: async () => operations.list(),
      get: async (id) => operations.get(id),
      findByKey: async (key) => operations.findByKey(key),
      cancel: (id) => operations.cancel(id),
      watch: (id, signal) => operations.watch(id, signal),
    },
    events: {
      list: async (after) => events.list(after),
      follow: (after, signal) => events.follow(after, signal),
    },
    ...parts(operations),
  });
  const at = await serve(services);
  const transport = createUnixTransport(at.path);
  return {
    client: createClient(transport),
    server: at.server,
    async [Symbol.asyncDispose]() {
      transport.close();
      await at[Symbol.asyncDispose]();
    },
  };
}

test('an operation is started, followed to its end and found by its key', async () => {
  await using at = await join((operations) => ({
    environments: {
      up: (request, options) =>
        operations.start(
          'up',
          ['shop'],
          request,
          async (operation) => {
            await operation.step('boot', 'boot the guest', (step) => step.detail('kernel'));
            return { names: ['shop'] };
          },
          options,
        ),
      list: async () => [anEnvironment('shop')],
    },
  }));
  const { client } = at;
  const started = await client.environments.up(up, { idempotencyKey: 'k1' });
  const again = await client.environments.up(up, { idempotencyKey: 'k1' });
  expect(again.id).toBe(started.id);
  const ended = await client.finishOperation(started.id);
  expect(ended).toMatchObject({
    state: 'succeeded',
    result: { names: ['shop'] },
    steps: [{ detail: 'kernel' }],
  });
  expect(await client.environments.list()).toEqual([anEnvironment('shop')]);
  expect(await client.operations.list()).toEqual([ended]);
  const kinds: string[] = [];
  for await (const event of client.events.stream({ follow: true })) {
    kinds.push(event.kind);
    if (kinds.length === 2) break;
  }
  expect(kinds).toEqual(['operation.started', 'operation.succeeded']);
});

test('a key that comes with another request is refused, and nothing begins', async () => {
  await using at = await join((operations) => {
    const start = (kind: string, options: { readonly idempotencyKey?: string }) =>
      operations.start(kind, ['shop'], {}, async () => undefined, options);
    return {
      environments: {
        up: (_request, options) => start('up', options),
        stop: (_name, _request, options) => start('stop', options),
      },
    };
  });
  const { client } = at;
  const { id } = await client.environments.up(up, { idempotencyKey: 'k1' });
  const refusal = {
    code: 'key-reused',
    status: 422,
    message: `The idempotency key "k1" belongs to another request, which started up ${id}`,
  };
  const other = { ...up, projectDirectory: '/srv/other' };
  await expect(client.environments.up(other, { idempotencyKey: 'k1' })).rejects.toMatchObject(refusal);
  await expect(client.environments.stop('shop', {}, { idempotencyKey: 'k1' })).rejects.toMatchObject(refusal);
  expect((await client.operations.list()).map((operation) => operation.id)).toEqual([id]);
  expect((await client.environments.up(up, { idempotencyKey: 'k1' })).id).toBe(id);
});

test('an operation is cancelled', async () => {
  await using at = await join((operations) => ({
    environments: {
      up: (request) =>
        operations.start('up', ['shop'], request, async ({ signal }) => {
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        }),
    },
  }));
  const { id } = await at.client.environments.up(up);
  await at.client.operations.cancel(id);
  await expect(at.client.finishOperation(id)).rejects.toMatchObject({ code: 'cancelled' });
});

test('a refused request brings every problem', async () => {
  await using at = await join(() => ({}));
  await expect(at.client.environments.fork({ source: 'Bad Name', count: 0 })).rejects.toMatchObject({
    code: 'bad-request',
    problems: [{ path: 'source' }, { path: 'count' }],
  });
});

test('a process is run with input, output and exit code', async () => {
  await using at = await join(() => ({
    environments: {
      exec: async () => {
        const [stdin, stdout, exit] = [new PassThrough(), new PassThrough(), Promise.withResolvers<number>()];
        stdin.on('data', (chunk: Buffer) => stdout.write(chunk.toString().toUpperCase()));
        stdin.on('end', () => {
          stdout.end();
          exit.resolve(7);
        });
        return { stdin, stdout, exit: exit.promise, resize: () => undefined, kill: () => stdout.destroy() };
      },
    },
  }));
  const process = await at.client.environments.exec('shop', 'web', ['cat']);
  await process.write(new TextEncoder().encode('hello'));
  await process.end();
  let output = '';
  for await (const { data } of process.output) output += new TextDecoder().decode(data);
  expect(output).toBe('HELLO');
  expect(await process.exit).toBe(7);
});

test('a process that cannot be started and one that is refused both say why', async () => {
  await using at = await join(() => ({
    environments: {
      shell: async () => {
        throw berthError('not-running', 'shop is stopped');
      },
    },
  }));
  const process = await at.client.environments.shell('shop');
  for await (const _ of process.output) expect.unreachable();
  await expect(process.exit).rejects.toMatchObject({ code: 'not-running' });
  const refused = at.client.environments.shell('shop', undefined, { rows: 0 });
  await expect(refused).rejects.toMatchObject({ code: 'bad-request', problems: [{ path: 'rows' }] });
});

test('nobody at the socket is said so', async () => {
  const client = createClient(createUnixTransport('/nonexistent/api.sock'));
  await expect(client.version()).rejects.toMatchObject({ code: 'daemon-not-running' });
  await expect(client.environments.shell('shop')).rejects.toMatchObject({ code: 'daemon-not-running' });
});
