import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { withRawTerminal } from '../../../src/cli/terminal/raw-terminal.ts';

function createInput() {
  const modes: boolean[] = [];
  return {
    modes,
    input: {
      isTTY: true,
      isRaw: false,
      setRawMode: (on: boolean) => modes.push(on),
      resume() {},
      pause() {},
    },
  };
}

test('raw while the work runs, set back when it returns', async () => {
  const { modes, input } = createInput();
  const result = await withRawTerminal(input, new EventEmitter(), async () => {
    expect(modes).toEqual([true]);
    return 7;
  });
  expect([result, modes]).toEqual([7, [true, false]]);
});

test('set back when the work throws', async () => {
  const { modes, input } = createInput();
  const work = withRawTerminal(input, new EventEmitter(), () => Promise.reject(new Error('lost')));
  await expect(work).rejects.toThrow('lost');
  expect(modes).toEqual([true, false]);
});

test('set back when the process ends in the middle of it', async () => {
  const { modes, input } = createInput();
  const source = new EventEmitter();
  let finish = (): void => undefined;
  const work = withRawTerminal(input, source, () => new Promise<void>((resolve) => (finish = resolve)));
  source.emit('exit');
  expect(modes).toEqual([true, false]);
  finish();
  await work;
  expect(source.listenerCount('exit')).toBe(0);
});
