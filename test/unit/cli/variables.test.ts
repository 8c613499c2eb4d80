import { expect, test } from 'vitest';
import { collectVariables, mentionedVariables } from '../../../src/cli/arguments/variables.ts';

test('finds variables in every form, each once', () => {
  const text = 'image: $IMAGE:${TAG}\ncommand: "${A:-${B}} ${C:?say it} $IMAGE ${_d}"\n';
  expect(mentionedVariables(text)).toEqual(['A', 'B', 'C', 'IMAGE', 'TAG', '_d']);
});

test('two dollar signs are a dollar sign', () => {
  expect(mentionedVariables('echo $$HOME $${X} $$$REAL')).toEqual(['REAL']);
});

test('sends only what the file mentions; the process comes before .env', () => {
  const env = { TAG: 'process', SECRET: 'x', EMPTY: '' };
  const dotEnv = 'TAG=file\nPORT="80 80"\n# no\nSECRET2=y\nEMPTY=full\n';
  expect(collectVariables('$TAG ${PORT} ${EMPTY} ${UNSET}', dotEnv, env)).toEqual({
    TAG: 'process',
    PORT: '80 80',
    EMPTY: '',
  });
});

test('works without .env', () => {
  expect(collectVariables('$TAG', undefined, { TAG: '1' })).toEqual({ TAG: '1' });
});
