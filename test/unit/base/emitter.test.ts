import { expect, test } from 'vitest';
import { Emitter } from '../../../src/base/index.ts';

interface Events {
  line: string;
  count: number;
}

test('calls listeners in order until they are taken off', () => {
  const emitter = new Emitter<Events>();
  const seen: string[] = [];
  const off = emitter.on('line', (line) => seen.push(`first ${line}`));
  emitter.on('line', (line) => seen.push(`second ${line}`));
  emitter.on('count', (count) => seen.push(`count ${count + 1}`));
  emitter.emit('line', 'a');
  off();
  off();
  emitter.emit('line', 'b');
  emitter.emit('count', 1);
  expect(seen).toEqual(['first a', 'second a', 'second b', 'count 2']);
});

test('a listener may take itself off while it is called', () => {
  const emitter = new Emitter<Events>();
  let calls = 0;
  const off = emitter.on('count', () => {
    calls += 1;
    off();
  });
  emitter.emit('count', 1);
  emitter.emit('count', 2);
  expect(calls).toBe(1);
});

test('a failing listener does not keep the others from being called', () => {
  const emitter = new Emitter<Events>();
  const seen: string[] = [];
  emitter.on('line', () => {
    throw new Error('broken listener');
  });
  emitter.on('line', (line) => seen.push(line));
  expect(() => emitter.emit('line', 'a')).toThrow('broken listener');
  expect(seen).toEqual(['a']);
});
