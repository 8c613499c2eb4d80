import { beforeEach, describe, expect, test, vi } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import { isEnded, type Operation } from '../../../src/model/index.ts';
import {
  createEventLog,
  createOperations,
  type OperationContext,
  type Operations,
  type OperationsOptions,
} from '../../../src/operations/index.ts';
import { openSqliteStore, type Store } from '../../../src/store/index.ts';

let store: Store;
let operations: Operations;
let clock: number;
let made: number;

beforeEach(async () => {
  store = await openSqliteStore({ path: ':memory:' });
  clock = Date.parse('2026-01-01T00:00:00Z');
  made = 0;
  operations = await open();
});

/** Another daemon over the same store. */
function open(options: Partial<OperationsOptions> = {}): Promise<Operations> {
  return createOperations({
    store,
    now: () => new Date(clock++),
    makeId: () => `op-${(++made).toString(16).padStart(12, '0')}`,
    ...options,
  });
}

async function storedOperations(): Promise<Record<string, unknown>[]> {
  const documents = await store.list<Record<string, unknown>>({ name: 'operations' });
  return documents.map((document) => document.value);
}

/** A promise and its ends, to hold work where a test wants it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Work that waits until its signal aborts. */
async function untilAborted({ signal }: OperationContext): Promise<undefined> {
  await new Promise<void>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const collected: Value[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

describe('start', () => {
  test('has the intent in the store before any work is done', async () => {
    let seen: unknown;
    const { id } = await operations.start('up', ['shop'], { compose: 'x' }, async () => {
      seen = await storedOperations();
      return { names: ['shop'] };
    });
    const ended = await operations.wait(id);
    expect(seen).toMatchObject([
      { operation: { id, kind: 'up', state: 'running' }, input: { compose: 'x' } },
    ]);
    expect(ended).toMatchObject({ state: 'succeeded', targets: ['shop'], result: { names: ['shop'] } });
    expect(ended.endedAt).toBeDefined();
  });

  test('does no work when the intent cannot be written', async () => {
    await store.close();
    const work = vi.fn(async () => undefined);
    await expect(operations.start('up', ['shop'], {}, work)).rejects.toMatchObject({ name: 'BerthError' });
    expect(work).not.toHaveBeenCalled();
    expect(operations.list()).toEqual([]);
  });

  test('gives up the input, which may hold secrets, with the end', async () => {
    const { id } = await operations.start('up', ['shop'], { password: 'secret' }, async (operation) => {
      await operation.checkpoint({ token: 'secret' });
    });
    await operations.wait(id);
    expect(JSON.stringify(await storedOperations())).not.toContain('secret');
  });

  test('lists the newest first', async () => {
    for (const name of ['a', 'b', 'c']) await operations.start('up', [name], {}, async () => undefined);
    expect(operations.list().map((operation) => operation.targets[0])).toEqual(['c', 'b', 'a']);
  });

  test('returns the same operation for the same key, also at the same time and after a restart', async () => {
    const work = vi.fn(async () => undefined);
    const options = { idempotencyKey: 'k1' };
    const [first, second] = await Promise.all([
      operations.start('up', ['shop'], {}, work, options),
      operations.start('up', ['shop'], {}, work, options),
    ]);
    await operations.wait(first.id);
    const third = await operations.start('up', ['shop'], {}, work, options);
    const later = await open();
    const fourth = await later.start('up', ['shop'], {}, work, options);
    expect([second.id, third.id, fourth.id]).toEqual([first.id, first.id, first.id]);
    expect(later.findByKey('k1')?.id).toBe(first.id);
    expect(later.findByKey('k2')).toBeUndefined();
    expect(work).toHaveBeenCalledTimes(1);
  });
});

describe('the end', () => {
  test('is a failure with the code, message and remedy of what was thrown', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async () => {
      throw berthError('port-in-use', 'Port 80 is taken', { remedy: 'stop nginx' });
    });
    expect(await operations.wait(id)).toMatchObject({
      state: 'failed',
      error: { code: 'port-in-use', message: 'Port 80 is taken', remedy: 'stop nginx' },
    });
  });

  test('is an internal failure for what is no error of ours', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async () => {
      throw new TypeError('x is undefined');
    });
    expect((await operations.wait(id)).error).toMatchObject({ code: 'internal' });
  });

  test('is on disk before anyone is told of it', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async () => ({ names: [] }));
    for await (const operation of operations.watch(id, new AbortController().signal)) {
      if (!isEnded(operation)) continue;
      expect(await storedOperations()).toMatchObject([{ operation: { state: 'succeeded' } }]);
    }
  });

  test('is not changed by steps that go on after the work has ended', async () => {
    const late = gate();
    let straggler: Promise<unknown> | undefined;
    const { id } = await operations.start('fork', ['shop'], {}, async (operation) => {
      straggler = operation.step('slow', 'go on', async (step) => {
        await late.opened;
        step.detail('too late');
        await operation.checkpoint({ late: true });
      });
      throw berthError('disk-full', 'No room');
    });
    const ended = await operations.wait(id);
    late.open();
    await straggler;
    expect(operations.get(id)).toEqual(ended);
    expect(await storedOperations()).toEqual([{ operation: ended }]);
  });

  test('comes to every failed write too', async () => {
    const errors: unknown[] = [];
    operations = await open({ onError: (error) => errors.push(error) });
    const { id } = await operations.start('stop', ['shop'], {}, async (operation) => {
      await store.close();
      await operation.step('a', 'go on without a store', async () => undefined);
      return { names: ['shop'] };
    });
    expect(await operations.wait(id)).toMatchObject({ state: 'succeeded' });
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('steps', () => {
  test('are recorded in the order in which they started, with their times', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await operation.step('boot', 'boot the guest', async () => {
        clock += 100;
      });
      const value = await operation.step('load', 'load images', () => 7);
      expect(value).toBe(7);
      expect(operation.stepMs()).toEqual({ boot: 101, load: 1 });
    });
    const { steps } = await operations.wait(id);
    expect(steps.map((step) => [step.name, step.title])).toEqual([
      ['boot', 'boot the guest'],
      ['load', 'load images'],
    ]);
    for (const step of steps)
      expect(Date.parse(step.endedAt ?? '')).toBeGreaterThan(Date.parse(step.startedAt));
  });

  test('may run side by side, each with its own detail', async () => {
    const { id } = await operations.start('fork', ['a', 'b'], {}, async (operation) => {
      const both = gate();
      let running = 0;
      const fork = (name: string) =>
        operation.step('fork', `fork ${name}`, async (step) => {
          step.detail(`detail of ${name}`);
          if (++running === 2) both.open();
          await both.opened;
        });
      await Promise.all([fork('a'), fork('b')]);
    });
    const { steps } = await operations.wait(id);
    expect(steps.map((step) => [step.title, step.detail])).toEqual([
      ['fork a', 'detail of a'],
      ['fork b', 'detail of b'],
    ]);
  });

  test('that fail end, and what they threw is thrown on', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await operation.step('boot', 'boot', () => {
        throw berthError('boot-timeout', 'It did not boot');
      });
    });
    const operation = await operations.wait(id);
    expect(operation.error?.code).toBe('boot-timeout');
    expect(operation.steps[0]?.endedAt).toBeDefined();
  });

  test('are in the store while they run, unless only the intent is durable', async () => {
    const stepsWithin = async (durability: 'steps' | 'intent') => {
      let within: unknown;
      const { id } = await operations.start(
        'up',
        ['shop'],
        {},
        (operation) =>
          operation.step('boot', 'boot', async () => {
            const stored = await storedOperations();
            within = stored.at(-1);
          }),
        { durability },
      );
      await operations.wait(id);
      return within;
    };
    expect(await stepsWithin('steps')).toMatchObject({ operation: { steps: [{ name: 'boot' }] } });
    expect(await stepsWithin('intent')).toMatchObject({ operation: { steps: [] } });
    expect((await storedOperations()).at(-1)).toMatchObject({ operation: { steps: [{ name: 'boot' }] } });
  });

  test('do not write details to the store', async () => {
    const put = vi.spyOn(store, 'put');
    const { id } = await operations.start('up', ['shop'], {}, (operation) =>
      operation.step('load', 'load', (step) => {
        for (let percent = 0; percent <= 1000; percent++) step.detail(`${percent}`);
        operation.detail('done');
      }),
    );
    const ended = await operations.wait(id);
    expect(ended.steps[0]?.detail).toBe('done');
    // Intent, start and end of the step, end of the operation.
    expect(put).toHaveBeenCalledTimes(4);
  });

  test('cost less than 1 ms each when only the intent is durable', async () => {
    const count = 200;
    let spentMs = 0;
    const work = async (operation: OperationContext) => {
      const begin = performance.now();
      for (let index = 0; index < count; index++) await operation.step('s', 'step', () => undefined);
      spentMs = performance.now() - begin;
    };
    const { id } = await operations.start('fork', ['a'], {}, work, { durability: 'intent' });
    await operations.wait(id);
    expect(spentMs / count).toBeLessThan(1);
  });
});

describe('cancel', () => {
  test('aborts the work and ends as cancelled', async () => {
    const { id } = await operations.start('up', ['shop'], {}, untilAborted);
    expect((await operations.cancel(id)).state).toBe('cancelling');
    expect(await operations.wait(id)).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
  });

  test('is in the store while the work undoes what it did', async () => {
    const undo = gate();
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await untilAborted(operation).catch(() => undo.opened);
      throw berthError('cancelled', 'undone');
    });
    await operations.cancel(id);
    expect(await storedOperations()).toMatchObject([{ operation: { state: 'cancelling' } }]);
    undo.open();
    expect((await operations.wait(id)).state).toBe('cancelled');
  });

  test('keeps the next step from starting', async () => {
    const next = vi.fn(async () => undefined);
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await operation.step('a', 'wait', () => untilAborted(operation)).catch(() => undefined);
      await operation.step('b', 'never', next);
    });
    await operations.cancel(id);
    expect((await operations.wait(id)).state).toBe('cancelled');
    expect(next).not.toHaveBeenCalled();
  });

  test('keeps the failure of an undoing that failed', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await untilAborted(operation).catch(() => undefined);
      throw berthError('command-failed', 'could not undo');
    });
    await operations.cancel(id);
    expect(await operations.wait(id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'command-failed' },
    });
  });

  test('works when the store cannot be written', async () => {
    const { id } = await operations.start('up', ['shop'], {}, untilAborted);
    await store.close();
    await operations.cancel(id);
    expect((await operations.wait(id)).state).toBe('cancelled');
  });

  test('leaves one that has ended, and one that succeeded nevertheless, as they are', async () => {
    const done = await operations.start('up', ['a'], {}, async () => undefined);
    await operations.wait(done.id);
    expect((await operations.cancel(done.id)).state).toBe('succeeded');
    const finish = gate();
    const deaf = await operations.start('up', ['b'], {}, () => finish.opened);
    await operations.cancel(deaf.id);
    finish.open();
    expect((await operations.wait(deaf.id)).state).toBe('succeeded');
  });

  test('and every other call say that there is no such operation', async () => {
    const none = 'op-ffffffffffff';
    await expect(operations.cancel(none)).rejects.toMatchObject({ code: 'not-found' });
    await expect(operations.wait(none)).rejects.toMatchObject({ code: 'not-found' });
    expect(() => operations.get(none)).toThrow(none);
    expect(() => operations.watch(none, new AbortController().signal)).toThrow(none);
  });
});

describe('watch', () => {
  test('gives the operation at once, then every change, and ends with it', async () => {
    const go = gate();
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await go.opened;
      await operation.step('boot', 'boot', async () => undefined);
      return { names: ['shop'] };
    });
    const watching = collect(operations.watch(id, new AbortController().signal));
    go.open();
    const seen = await watching;
    expect(seen[0]).toMatchObject({ state: 'running', steps: [] });
    expect(seen.at(-1)).toMatchObject({ state: 'succeeded' });
    expect(seen.slice(0, -1).every((operation) => operation.state === 'running')).toBe(true);
  });

  test('gives one that has ended once', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async () => undefined);
    await operations.wait(id);
    expect(await collect(operations.watch(id, new AbortController().signal))).toHaveLength(1);
  });

  test('ends at its signal and leaves the operation running', async () => {
    const { id } = await operations.start('up', ['shop'], {}, untilAborted);
    const abort = new AbortController();
    const watching = collect(operations.watch(id, abort.signal));
    abort.abort();
    expect((await watching).length).toBeLessThanOrEqual(1);
    await expect(operations.wait(id, abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(operations.get(id).state).toBe('running');
  });

  test('tells of details, but not of each', async () => {
    const told = gate();
    const { id } = await operations.start('up', ['shop'], {}, (operation) =>
      operation.step('load', 'load', async (step) => {
        for (let percent = 1; percent <= 100; percent++) step.detail(`${percent} %`);
        await told.opened;
      }),
    );
    const seen: Operation[] = [];
    for await (const operation of operations.watch(id, new AbortController().signal)) {
      seen.push(operation);
      if (operation.steps[0]?.detail === '100 %') told.open();
    }
    expect(seen.length).toBeLessThan(10);
  });
});

describe('after the daemon died', () => {
  /** Leaves an operation behind as a dead daemon would. */
  async function abandon(kind = 'up', cancelled = false): Promise<Operation> {
    const never = new Promise<undefined>(() => undefined);
    const operation = await operations.start(kind, ['shop'], { compose: 'x' }, async (context) => {
      await context.checkpoint({ slot: 3 });
      await never;
    });
    if (cancelled) await operations.cancel(operation.id);
    await vi.waitFor(async () => expect((await storedOperations())[0]).toHaveProperty('checkpoint'));
    return operation;
  }

  test('what ran is recoverable with its input and its last checkpoint', async () => {
    const { id } = await abandon();
    const done = await operations.start('stop', ['other'], {}, async () => undefined);
    await operations.wait(done.id);
    const later = await open();
    expect(later.recoverable()).toMatchObject([
      { operation: { id, state: 'running' }, input: { compose: 'x' }, checkpoint: { slot: 3 } },
    ]);
    expect(later.get(done.id).state).toBe('succeeded');
  });

  test('it can be finished under its old id', async () => {
    const { id } = await abandon();
    const later = await open();
    await later.resume(id, (operation) =>
      operation.step('adopt', 'adopt the machine', async () => undefined).then(() => ({ names: ['shop'] })),
    );
    expect(await later.wait(id)).toMatchObject({ id, state: 'succeeded', steps: [{ name: 'adopt' }] });
    expect(later.recoverable()).toEqual([]);
    expect((await open()).recoverable()).toEqual([]);
  });

  test('it can be undone', async () => {
    const { id } = await abandon();
    const later = await open();
    await later.resume(id, async () => {
      throw berthError('internal', 'The daemon ended while it ran; undone');
    });
    expect(await later.wait(id)).toMatchObject({ state: 'failed' });
  });

  test('one that was being cancelled can be undone in steps and ends as cancelled', async () => {
    const { id } = await abandon('up', true);
    const later = await open();
    expect(later.recoverable()[0]?.operation.state).toBe('cancelling');
    await later.resume(id, async (operation) => {
      await operation.step('undo', 'undo', async () => undefined);
      throw berthError('cancelled', 'undone');
    });
    expect(await later.wait(id)).toMatchObject({ state: 'cancelled', steps: [{ name: 'undo' }] });
  });

  test('one that is taken up or has ended cannot be taken up again', async () => {
    const { id } = await abandon();
    const later = await open();
    await later.resume(id, async () => undefined);
    await expect(later.resume(id, async () => undefined)).rejects.toMatchObject({ code: 'conflict' });
    await later.wait(id);
    await expect(later.resume(id, async () => undefined)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('history', () => {
  test('keeps the newest ended operations and every one that runs', async () => {
    operations = await open({ keep: 3 });
    const running = await operations.start('up', ['long'], {}, untilAborted);
    for (let index = 0; index < 6; index++) {
      const { id } = await operations.start('up', [`n${index}`], {}, async () => undefined);
      await operations.wait(id);
    }
    await vi.waitFor(async () => expect(await storedOperations()).toHaveLength(4));
    const kept = operations.list().map((operation) => operation.targets[0]);
    expect(kept).toEqual(['n5', 'n4', 'n3', 'long']);
    expect((await open()).list().map((operation) => operation.id)).toContain(running.id);
  });
});

describe('close', () => {
  test('refuses new operations and waits for those that run', async () => {
    const finish = gate();
    const { id } = await operations.start('up', ['shop'], {}, () => finish.opened);
    const closing = operations.close({ timeoutMs: 10_000 });
    await expect(operations.start('up', ['b'], {}, async () => undefined)).rejects.toMatchObject({
      code: 'daemon-not-running',
    });
    finish.open();
    await closing;
    expect(operations.get(id).state).toBe('succeeded');
  });

  test('aborts what does not end in time', async () => {
    const { id } = await operations.start('up', ['shop'], {}, untilAborted);
    await operations.close({ timeoutMs: 5 });
    expect(operations.get(id)).toMatchObject({
      state: 'cancelled',
      error: { message: 'The daemon was stopped' },
    });
  });

  test('leaves what does not even undo itself in time to the next daemon', async () => {
    const { id } = await operations.start(
      'up',
      ['shop'],
      { a: 1 },
      () => new Promise<undefined>(() => undefined),
    );
    await operations.close({ timeoutMs: 5 });
    expect((await open()).recoverable()).toMatchObject([{ operation: { id }, input: { a: 1 } }]);
  });
});

test('the start and the end of each operation become events', async () => {
  const events = await createEventLog({ store, now: () => new Date(clock++) });
  operations = await open({ events });
  const { id } = await operations.start('up', ['shop'], {}, async () => {
    throw berthError('disk-full', 'No room');
  });
  await operations.wait(id);
  await vi.waitFor(() => expect(events.list()).toHaveLength(2));
  expect(events.list()).toMatchObject([
    { kind: 'operation.started', subject: 'shop' },
    { kind: 'operation.failed', subject: 'shop', message: 'up shop: failed, No room' },
  ]);
});
