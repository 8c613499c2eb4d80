import { expect, test } from 'vitest';
import { deadlineSignal, MAX_TIMEOUT_MS, poll, sleep, TimeoutError } from '../../../src/base/index.ts';

const quick = { timeoutMs: 10_000, intervalMs: 1, what: 'the port' };

test('poll asks until there is a value; a value may be falsy', async () => {
  let probes = 0;
  const value = await poll(async () => {
    probes += 1;
    return probes < 3 ? undefined : 0;
  }, quick);
  expect(value).toBe(0);
  expect(probes).toBe(3);
});

test('poll names what it waited for when the deadline passes', async () => {
  const waiting = poll(async () => undefined, { ...quick, timeoutMs: 20 });
  await expect(waiting).rejects.toThrow(TimeoutError);
  await expect(waiting).rejects.toThrow('Waited 20 ms for the port');
});

test('the deadline of poll covers a probe that hangs and tells the probe', async () => {
  let told: AbortSignal | undefined;
  const waiting = poll(
    (signal) => {
      told = signal;
      return new Promise<undefined>(() => {});
    },
    { ...quick, timeoutMs: 20 },
  );
  await expect(waiting).rejects.toThrow(TimeoutError);
  expect(told?.aborted).toBe(true);
});

test('poll passes on what the probe throws', async () => {
  const waiting = poll(async () => {
    throw new Error('refused');
  }, quick);
  await expect(waiting).rejects.toThrow('refused');
});

test('poll ends with the reason of its signal, before and while it waits', async () => {
  const controller = new AbortController();
  const waiting = poll(async () => undefined, { ...quick, intervalMs: 60_000, signal: controller.signal });
  controller.abort(new Error('not wanted any more'));
  await expect(waiting).rejects.toThrow('not wanted any more');
  await expect(poll(async () => 1, { ...quick, signal: controller.signal })).rejects.toThrow('not wanted');
});

test('sleep ends with the reason of its signal', async () => {
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort(new Error('woken'));
  await expect(sleeping).rejects.toThrow('woken');
  await expect(sleep(1, controller.signal)).rejects.toThrow('woken');
  await expect(sleep(1)).resolves.toBeUndefined();
});

test('a deadline signal aborts at its deadline or with the signal given', async () => {
  const deadline = deadlineSignal(5);
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  deadline.addEventListener('abort', () => resolve());
  // The signal's own timer does not keep the process alive; this one does until the first has fired.
  const alive = setTimeout(() => {}, 60_000);
  await aborted;
  clearTimeout(alive);
  expect(deadline.reason).toHaveProperty('name', 'TimeoutError');

  const controller = new AbortController();
  const either = deadlineSignal(Number.POSITIVE_INFINITY, controller.signal);
  expect(either.aborted).toBe(false);
  controller.abort(new Error('by hand'));
  expect(either.reason).toHaveProperty('message', 'by hand');
  expect(deadlineSignal(MAX_TIMEOUT_MS * 10).aborted).toBe(false);
});
