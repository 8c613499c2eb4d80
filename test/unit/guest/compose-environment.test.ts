import { expect, test } from 'vitest';
import { composeEnvironment } from '../../../src/guest/compose-environment.ts';

test('variables go into .env where its format can carry them', () => {
  const variables = { B: 'a b # $c "d"', A: 'line\nline', Q: "it's", S: 'end\\' };
  expect(composeEnvironment(variables)).toEqual({
    file: `A='line\nline'\nB='a b # $c "d"'\n`,
    process: { Q: "it's", S: 'end\\' },
  });
});
