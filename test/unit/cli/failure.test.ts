import { expect, test } from 'vitest';
import { formatFailure } from '../../../src/cli/format/failure.ts';
import { createStyle } from '../../../src/cli/terminal/style.ts';
import { usageFailure } from '../../../src/cli/usage-failure.ts';

const plain = createStyle(false);

test('an error is its message and the next thing to do', () => {
  expect(formatFailure({ message: 'The name shop is taken', remedy: './berth rm shop' }, plain)).toEqual([
    'error: The name shop is taken',
    '  next: ./berth rm shop',
  ]);
});

test('every problem has its place in the file', () => {
  const problems = [
    { path: 'services.web.ports[0]', message: 'no port', line: 4, column: 9, file: 'compose.yaml' },
    { path: 'services.db', message: 'unknown key', line: 9, file: 'compose.yaml' },
    { path: '--memory', message: 'too much' },
    { path: '', message: 'empty file' },
  ];
  expect(formatFailure({ message: 'bad file', remedy: 'mend it', problems }, plain)).toEqual([
    'error: bad file',
    '  compose.yaml:4:9 services.web.ports[0]: no port',
    '  compose.yaml:9 services.db: unknown key',
    '  --memory: too much',
    '  empty file',
    '  next: mend it',
  ]);
});

test('several lines stay lines, control characters become visible', () => {
  const [first] = formatFailure({ message: 'it said:\n\u001b[2Jboo\n', remedy: '' }, plain);
  expect(first).toBe('error: it said:\n    \\x1b[2Jboo');
});

test('a wrong command line gets a suggestion, or the help of its command', () => {
  expect(usageFailure("error: unknown command 'lss'\n(Did you mean ls?)\n", './berth')).toEqual({
    message: "unknown command 'lss'",
    remedy: 'Did you mean ls? See ./berth --help',
  });
  expect(usageFailure("error: missing required argument 'environment'\n", './berth rm')).toEqual({
    message: "missing required argument 'environment'",
    remedy: './berth rm --help',
  });
});
