import { expect, test } from 'vitest';
import { Reopener } from '../../../src/ingress/reopener.ts';

test('tries until the listener can be had', async () => {
  let tried = 0;
  const open = async () => {
    tried += 1;
    if (tried < 3) throw new Error('taken');
  };
  await new Reopener({ open, close: async () => undefined }).reopen();
  expect(tried).toBe(3);
});

test('opens nothing once it was ended, also while it waits', async () => {
  let tried = 0;
  const open = async () => {
    tried += 1;
  };
  const reopener = new Reopener({ open, close: async () => undefined });
  const reopening = reopener.reopen();
  reopener.end();
  await reopening;
  expect(tried).toBe(0);
});

test('closes again what was ended while it opened', async () => {
  let closed = 0;
  const reopener: Reopener = new Reopener({
    open: async () => reopener.end(),
    close: async () => {
      closed += 1;
    },
  });
  await reopener.reopen();
  expect(closed).toBe(1);
});
