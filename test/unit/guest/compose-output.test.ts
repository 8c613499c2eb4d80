import { expect, test } from 'vitest';
import { readComposeFailure } from '../../../src/guest/compose-output.ts';

test('a container whose start was begun and not finished is stuck', () => {
  const output = ` Container shop-db-1  Creating
 Container shop-db-1  Created
 Container shop-web-1  Created
 Container shop-db-1  Starting
 Container shop-db-1  Started
 Container shop-web-1  Starting
Error response from daemon: exec: "nope": executable file not found in $PATH`;
  expect(readComposeFailure(output)).toEqual({
    cause: 'Error response from daemon: exec: "nope": executable file not found in $PATH',
    fileRefused: false,
    touched: ['shop-db-1', 'shop-web-1'],
    stuck: 'shop-web-1',
  });
});

test('two of them: nobody can tell', () => {
  expect(
    readComposeFailure(' Container a-1  Starting\n Container b-1  Starting\nError').stuck,
  ).toBeUndefined();
});

test('a dependency that failed is the cause', () => {
  const output = ` Container s-bad-1  Started
 Container s-bad-1  Waiting
 Container s-bad-1  service "bad" didn't complete successfully: exit 3
service "bad" didn't complete successfully: exit 3
`;
  expect(readComposeFailure(output)).toMatchObject({
    cause: `service "bad" didn't complete successfully: exit 3`,
    touched: ['s-bad-1'],
  });
});

test.each([
  "decoding failed due to the following error(s):\n\nerror decoding 'services[web].mem_limit': invalid size: '3x'",
  'validating /srv/compose.yaml: services.web.ports must be a list',
  'service "w" refers to undefined volume foo: invalid compose project',
])('a refused file is told from a failed start: %s', (output) => {
  expect(readComposeFailure(output).fileRefused).toBe(true);
});

test('silence and long words have an end', () => {
  expect(readComposeFailure('').cause).toBe('it said nothing');
  expect(readComposeFailure('e'.repeat(1_000_000)).cause).toHaveLength(2_000);
});
