import { expect, test } from 'vitest';
import { createInterrupts } from '../../../src/cli/terminal/interrupts.ts';

function createSource() {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const source = {
    on: (signal: string, listener: () => void) => listeners.set(signal, listener),
    exit: (code: number) => void exits.push(code),
  };
  return { source, exits, press: (signal: string) => listeners.get(signal)?.() };
}

test('without a handler Ctrl-C leaves with 130 and SIGTERM with 143', () => {
  const { source, exits, press } = createSource();
  createInterrupts(source);
  press('SIGINT');
  press('SIGTERM');
  expect(exits).toEqual([130, 143]);
});

test('the first Ctrl-C goes to the handler, the second leaves', () => {
  const { source, exits, press } = createSource();
  let calls = 0;
  createInterrupts(source).take(() => {
    calls += 1;
  });
  press('SIGINT');
  expect([calls, exits]).toEqual([1, []]);
  press('SIGINT');
  expect([calls, exits]).toEqual([1, [130]]);
});

test('the newest handler counts; one that was given back does not', () => {
  const { source, exits, press } = createSource();
  const interrupts = createInterrupts(source);
  const called: string[] = [];
  interrupts.take(() => called.push('outer'));
  const release = interrupts.take(() => called.push('inner'));
  release();
  press('SIGINT');
  expect([called, exits]).toEqual([['outer'], []]);
});

test('a terminal that went away ends the command at once', () => {
  const { source, exits, press } = createSource();
  createInterrupts(source).take(() => undefined);
  press('SIGHUP');
  expect(exits).toEqual([129]);
});
