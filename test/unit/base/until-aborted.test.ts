import { expect, test } from 'vitest';
import { untilAborted } from '../../../src/base/index.ts';

test('gives what the work gives, and fails as it fails', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

test('waits no longer than until the signal', async () => {
  const ending = new AbortController();
  const waiting = untilAborted(new Promise(() => undefined), ending.signal);
  ending.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(untilAborted(Promise.resolve(1), ending.signal)).rejects.toThrow('enough');
});
