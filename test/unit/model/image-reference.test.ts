import { expect, test } from 'vitest';
import { isLoopbackRegistry, parseImageReference } from '../../../src/model/index.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
  ['nginx:1.27', { registry: 'docker.io', repository: 'library/nginx', tag: '1.27' }],
  ['bitnami/redis', { registry: 'docker.io', repository: 'bitnami/redis' }],
  ['docker.io/nginx', { registry: 'docker.io', repository: 'library/nginx' }],
  ['ghcr.io/a/b/c:x', { registry: 'ghcr.io', repository: 'a/b/c', tag: 'x' }],
  ['localhost:5000/team/app', { registry: 'localhost:5000', repository: 'team/app' }],
  ['localhost/app:1', { registry: 'localhost', repository: 'app', tag: '1' }],
  [
    `127.0.0.1:5000/app:1@${DIGEST}`,
    { registry: '127.0.0.1:5000', repository: 'app', tag: '1', digest: DIGEST },
  ],
  ['[::1]:5000/app', { registry: '[::1]:5000', repository: 'app' }],
] as const)('%s is taken apart', (text, expected) => {
  expect(parseImageReference(text)).toEqual(expected);
});

test.each([
  '',
  'UPPER',
  'a b',
  'nginx:',
  'nginx@sha256:12',
  '../etc',
  'a//b',
  'x/../y',
  'a@b@c',
  'a'.repeat(600),
])('%j is no reference', (text) => {
  expect(parseImageReference(text)).toBeUndefined();
});

test('tells registries of this host from others', () => {
  expect(['localhost:5000', '127.0.0.1:5000', '127.8.9.1', '[::1]:5000'].every(isLoopbackRegistry)).toBe(
    true,
  );
  expect(['localhost.example.com', '127.0.0.1.example.com', '10.0.0.1:5000'].some(isLoopbackRegistry)).toBe(
    false,
  );
});
