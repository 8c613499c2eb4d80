import { beforeEach, describe, expect, test, vi } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import type { Operation } from '../../../src/model/index.ts';
import { createEventLog, type Operations } from '../../../src/operations/index.ts';
import { collect, gate, type Harness, harness, untilAborted } from './harness.ts';

let at: Harness;
let operations: Operations;
beforeEach(async () => {
  at = await harness();
  operations = await at.open();
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
    await vi.waitFor(async () => expect((await at.stored())[0]).toHaveProperty('checkpoint'));
    return operation;
  }

  test('what ran is recoverable with its input and its last checkpoint', async () => {
    const { id } = await abandon();
    const done = await operations.start('stop', ['other'], {}, async () => undefined);
    await operations.wait(done.id);
    const later = await at.open();
    expect(later.recoverable()).toMatchObject([
      { operation: { id, state: 'running' }, input: { compose: 'x' }, checkpoint: { slot: 3 } },
    ]);
    expect(later.get(done.id).state).toBe('succeeded');
  });

  test('it can be finished under its old id', async () => {
    const { id } = await abandon();
    const later = await at.open();
    await later.resume(id, (operation) =>
      operation.step('adopt', 'adopt the machine', async () => undefined).then(() => ({ names: ['shop'] })),
    );
    expect(await later.wait(id)).toMatchObject({ id, state: 'succeeded', steps: [{ name: 'adopt' }] });
    expect(later.recoverable()).toEqual([]);
    expect((await at.open()).recoverable()).toEqual([]);
  });

  test('it can be undone', async () => {
    const { id } = await abandon();
    const later = await at.open();
    await later.resume(id, async () => {
      throw berthError('internal', 'The daemon ended while it ran; undone');
    });
    expect(await later.wait(id)).toMatchObject({ state: 'failed' });
  });

  test('one that was being cancelled can be undone in steps and ends as cancelled', async () => {
    const { id } = await abandon('up', true);
    const later = await at.open();
    expect(later.recoverable()[0]?.operation.state).toBe('cancelling');
    await later.resume(id, async (operation) => {
      await operation.step('undo', 'undo', async () => undefined);
      throw berthError('cancelled', 'undone');
    });
    expect(await later.wait(id)).toMatchObject({ state: 'cancelled', steps: [{ name: 'undo' }] });
  });

  test('one that is taken up or has ended cannot be taken up again', async () => {
    const { id } = await abandon();
    const later = await at.open();
    await later.resume(id, async () => undefined);
    await expect(later.resume(id, async () => undefined)).rejects.toMatchObject({ code: 'conflict' });
    await later.wait(id);
    await expect(later.resume(id, async () => undefined)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('history', () => {
  test('keeps the newest ended operations and every one that runs', async () => {
    operations = await at.open({ keep: 3 });
    const running = await operations.start('up', ['long'], {}, untilAborted);
    for (let index = 0; index < 6; index++) {
      const { id } = await operations.start('up', [`n${index}`], {}, async () => undefined);
      await operations.wait(id);
    }
    await vi.waitFor(async () => expect(await at.stored()).toHaveLength(4));
    const kept = operations.list().map((operation) => operation.targets[0]);
    expect(kept).toEqual(['n5', 'n4', 'n3', 'long']);
    expect((await at.open()).list().map((operation) => operation.id)).toContain(running.id);
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
    expect((await at.open()).recoverable()).toMatchObject([{ operation: { id }, input: { a: 1 } }]);
  });
});

test('the start and the end of each operation become events', async () => {
  const events = await createEventLog({ store: at.store, now: at.now });
  operations = await at.open({ events });
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
