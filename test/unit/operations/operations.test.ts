import { beforeEach, describe, expect, test, vi } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import { isEnded } from '../../../src/model/index.ts';
import type { OperationContext, Operations } from '../../../src/operations/index.ts';
import { gate, type Harness, harness, untilAborted } from './harness.ts';

let at: Harness;
let operations: Operations;
beforeEach(async () => {
  at = await harness();
  operations = await at.open();
});

describe('start', () => {
  test('has the intent in the store before any work is done', async () => {
    let seen: unknown;
    const { id } = await operations.start('up', ['shop'], { compose: 'x' }, async () => {
      seen = await at.stored();
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
    await at.store.close();
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
    expect(JSON.stringify(await at.stored())).not.toContain('secret');
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
    const later = await at.open();
    const fourth = await later.start('up', ['shop'], {}, work, options);
    expect([second.id, third.id, fourth.id]).toEqual([first.id, first.id, first.id]);
    expect(later.findByKey('k1')?.id).toBe(first.id);
    expect(later.findByKey('k2')).toBeUndefined();
    expect(work).toHaveBeenCalledTimes(1);
  });
});

test('a key that stands for another request is refused; one kept without a fingerprint is good for any', async () => {
  const work = vi.fn(async () => undefined);
  const start = (idempotencyKey: string) => operations.start('up', ['shop'], {}, work, { idempotencyKey });
  const first = await start('k1 aaa');
  expect((await start('k1 aaa')).id).toBe(first.id);
  await expect(start('k1 bbb')).rejects.toMatchObject({ code: 'key-reused' });
  await operations.wait(first.id);
  const later = await at.open();
  expect(() => later.findByKey('k1 bbb')).toThrow(first.id);
  const old = await start('k2');
  expect((await start('k2 aaa')).id).toBe(old.id);
  expect(work).toHaveBeenCalledTimes(2);
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
      expect(await at.stored()).toMatchObject([{ operation: { state: 'succeeded' } }]);
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
    expect(await at.stored()).toEqual([{ operation: ended }]);
  });

  test('comes to every failed write too', async () => {
    const errors: unknown[] = [];
    operations = await at.open({ onError: (error) => errors.push(error) });
    const { id } = await operations.start('stop', ['shop'], {}, async (operation) => {
      await at.store.close();
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
        at.pass(100);
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

  test('that fail have no end of their own, and what they threw is thrown on', async () => {
    const { id } = await operations.start('up', ['shop'], {}, async (operation) => {
      await operation.step('boot', 'boot', () => {
        throw berthError('boot-timeout', 'It did not boot');
      });
    });
    const operation = await operations.wait(id);
    expect(operation.error?.code).toBe('boot-timeout');
    expect(operation.steps[0]?.endedAt).toBeUndefined();
    expect(operation.endedAt).toBeDefined();
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
            const stored = await at.stored();
            within = stored.at(-1);
          }),
        { durability },
      );
      await operations.wait(id);
      return within;
    };
    expect(await stepsWithin('steps')).toMatchObject({ operation: { steps: [{ name: 'boot' }] } });
    expect(await stepsWithin('intent')).toMatchObject({ operation: { steps: [] } });
    expect((await at.stored()).at(-1)).toMatchObject({ operation: { steps: [{ name: 'boot' }] } });
  });

  test('do not write details to the store', async () => {
    const put = vi.spyOn(at.store, 'put');
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
    expect(await at.stored()).toMatchObject([{ operation: { state: 'cancelling' } }]);
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
    await at.store.close();
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
