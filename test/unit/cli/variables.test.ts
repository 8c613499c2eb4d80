import { expect, test } from 'vitest';
import { collectVariables, mentionedVariables } from '../../../src/cli/arguments/variables.ts';

test('finds variables in every form, each once', () => {
  const text = 'image: $IMAGE:${TAG}\ncommand: "${A:-${B}} ${C:?say it} $IMAGE ${_d}"\n';
  expect(mentionedVariables(text)).toEqual(['A', 'B', 'C', 'IMAGE', 'TAG', '_d']);
});

test('finds what a service takes over by name, in every form', () => {
  const text = `services:
  web:
    environment:
      - API_KEY  # from the shell
      - "QUOTED"
      - GIVEN=value
  db:
    environment:
      PASSWORD:
      USER: ~
      PORT: 5432
  cache:
    environment: [FLOW, "OTHER", SET=1]
`;
  const found = mentionedVariables(text);
  expect(found).toEqual(expect.arrayContaining(['API_KEY', 'QUOTED', 'PASSWORD', 'USER', 'FLOW', 'OTHER']));
  expect(found).not.toEqual(expect.arrayContaining(['GIVEN']));
  expect(found).not.toEqual(expect.arrayContaining(['PORT']));
  expect(found).not.toEqual(expect.arrayContaining(['SET']));
});

test('a file with profiles needs to be told which ones', () => {
  const env = { COMPOSE_PROFILES: 'debug' };
  expect(collectVariables('services:\n  web:\n    profiles: [debug]\n', undefined, env)).toEqual(env);
  expect(collectVariables('services:\n  web: {}\n', undefined, env)).toEqual({});
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

test('finds what secrets and configs come from', () => {
  const text = `secrets:
  token: {environment: TOKEN}
  other:
    environment: "OTHER"
configs: {a: { environment: PLAIN , name: b}, b: {environment: LAST}}
services: {a: {environment: {NOT: TEXT}}}
`;
  expect(mentionedVariables(text)).toEqual(expect.arrayContaining(['TOKEN', 'OTHER', 'PLAIN', 'LAST']));
  expect(mentionedVariables(text)).not.toEqual(expect.arrayContaining(['TEXT']));
});
