import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeQuery } from '../../../src/client/write-query.ts';
import { createValidator, readQuery, routes } from '../../../src/contract/index.ts';

const logs = routes['environments.logs'].query;
const exec = routes['environments.exec'].query;
const read = (schema: typeof logs | typeof exec, text: string) =>
  readQuery(schema, new URLSearchParams(text));

test('reads numbers, booleans, texts and repeated parameters', () => {
  expect(read(logs, 'follow=true&timestamps=false&tail=10&service=web')).toEqual({
    follow: true,
    timestamps: false,
    tail: 10,
    service: 'web',
  });
  expect(read(exec, 'service=web&cmd=ls&cmd=-l&cmd=')).toEqual({ service: 'web', cmd: ['ls', '-l', ''] });
  expect(read(exec, 'service=7&cmd=true')).toEqual({ service: '7', cmd: ['true'] });
});

test.each(['follow=yes', 'tail=ten', 'tail=-1', 'tail=1.5', 'tail=', 'tail=1&tail=2', 'no=1', '__proto__=1'])(
  'the check reports %s',
  (text) => {
    const problems = createValidator(logs)(read(logs, text));
    expect(problems.map((problem) => problem.path)).toEqual([text.slice(0, text.indexOf('='))]);
  },
);

test('what is written is read again', () => {
  const parts = fc.record(
    { service: fc.string(), cmd: fc.array(fc.string(), { minLength: 1 }), tty: fc.boolean(), rows: fc.nat() },
    { requiredKeys: ['service', 'cmd'] },
  );
  fc.assert(
    fc.property(parts, (query) => {
      // Lone surrogates cannot be carried by any URL.
      fc.pre(JSON.stringify(query).isWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(query)));
      expect(read(exec, writeQuery(query).slice(1))).toEqual(query);
    }),
  );
});

test('nothing is written for parameters that are absent', () => {
  expect(writeQuery({ service: undefined })).toBe('');
  expect(writeQuery({})).toBe('');
});
