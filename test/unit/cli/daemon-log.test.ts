import { expect, test } from 'vitest';
import { failureIn, readableLines } from '../../../src/cli/transport/daemon-log.ts';

const fatal = (time: string, code: string): string =>
  JSON.stringify({ level: 60, time, code, msg: 'no room', remedy: 'make room' });

test("the daemon's own reason is read from its log", () => {
  const log = `{"level":30,"msg":"starts"}\n${fatal('2026-01-01T00:00:05Z', 'disk-full')}\nerror: no room\n  next: make room\n`;
  expect(failureIn(log, Date.parse('2026-01-01T00:00:00Z'))).toMatchObject({
    code: 'disk-full',
    message: 'no room',
    remedy: 'make room',
  });
});

test('the reason of an earlier start does not count', () => {
  const log = fatal('2026-01-01T00:00:05Z', 'disk-full');
  expect(failureIn(log, Date.parse('2026-01-01T00:00:06Z'))).toBeUndefined();
});

test('lines without a code of the registry are no reason', () => {
  expect(failureIn('{"code":"EXOTIC","msg":"x","time":"2026-01-01T00:00:00Z"}\n{"half', 0)).toBeUndefined();
});

test('log lines lose their JSON and their stacks', () => {
  const log =
    '{"level":50,"msg":"cannot","err":{"message":"no such file"}}\nSyntaxError: oops\n    at file:1:2\n\n{broken\n';
  expect(readableLines(log)).toEqual(['cannot: no such file', 'SyntaxError: oops', '{broken']);
});
