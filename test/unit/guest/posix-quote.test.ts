import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteForShell } from '../../../src/guest/posix-quote.ts';

test.each([
  [['ls', '-la', '/tmp/a_b.c'], 'ls -la /tmp/a_b.c'],
  [['echo', ''], "echo ''"],
  [['echo', "it's"], String.raw`echo 'it'\''s'`],
  [['echo', '$HOME', '`id`', '*', 'a b', '~'], "echo '$HOME' '`id`' '*' 'a b' '~'"],
  [['env', 'A=b'], 'env A=b'],
  [['A=b', 'c'], "'A=b' c"],
])('%j', (argv, expected) => {
  expect(quoteForShell(argv)).toBe(expected);
});

test('no arguments and NUL are refused', () => {
  expect(() => quoteForShell([])).toThrow('at least a program');
  expect(() => quoteForShell(['a', 'b\0c'])).toThrow('NUL');
});

test('a shell splits the line into the same arguments', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom("'", '"', '\\', '\n', '$(x)', '`', '!', '&&', '#', '-e', '\t', '\r', 'ü', '\u{1f600}'),
  );
  const word = fc
    .array(hostile, { maxLength: 4 })
    .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed());
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 5 }), { minLength: 20, maxLength: 20 }),
      (commands) => {
        // One shell for twenty lines: starting it is what takes time.
        const script = commands
          .map((argv) => `${quoteForShell(['printf', String.raw`%s\0`, ...argv])}; printf '\\n\\0'`)
          .join('\n');
        const output = execFileSync('sh', ['-c', script]).toString('utf8');
        const expected = commands
          .map((argv) => `${argv.map((argument) => `${argument}\0`).join('')}\n\0`)
          .join('');
        expect(output).toBe(expected);
      },
    ),
    { numRuns: 20 },
  );
});
