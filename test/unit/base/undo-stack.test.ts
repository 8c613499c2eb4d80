import { expect, test } from 'vitest';
import { UndoStack } from '../../../src/base/index.ts';

test('undoes newest first, collects errors and goes on', async () => {
  const undone: string[] = [];
  const stack = new UndoStack();
  stack.defer('make the directory', () => {
    undone.push('directory');
  });
  stack.defer('start the process', async () => {
    throw new Error('no such process');
  });
  stack.defer('add the address', async () => {
    undone.push('address');
  });
  const errors = await stack.unwind();
  expect(undone).toEqual(['address', 'directory']);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({
    message: 'Could not undo: start the process',
    cause: { message: 'no such process' },
  });
  expect(await stack.unwind()).toEqual([]);
});

test('undoes nothing after success', async () => {
  let undone = 0;
  const stack = new UndoStack();
  stack.defer('count', () => {
    undone += 1;
  });
  stack.dispose();
  stack.dispose();
  expect(await stack.unwind()).toEqual([]);
  expect(undone).toBe(0);
});
