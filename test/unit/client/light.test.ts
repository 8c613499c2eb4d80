import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { idempotencyHeader, prefix, routeHeads } from '../../../src/client/route-heads.ts';
import { API_PREFIX, IDEMPOTENCY_HEADER, type Route, routes } from '../../../src/contract/index.ts';

const directory = resolve(import.meta.dirname, '../../../src/client');

test('the client takes only types from the contract, whose library is slow to load', () => {
  const imports = globSync('*.ts', { cwd: directory }).flatMap((file) => {
    const text = readFileSync(resolve(directory, file), 'utf8');
    return [...text.matchAll(/^(import|export)( type)? [^;]*?from '\.\.\/contract\/index\.ts';/gm)];
  });
  expect(imports.length).toBeGreaterThan(3);
  expect(imports.filter(([, , type]) => type === undefined)).toEqual([]);
});

test('what the client knows of the routes is what the contract says', () => {
  const heads = Object.entries<Route>(routes).map(([id, { method, path, stream, idempotent }]) => [
    id,
    { method, path, ...(stream && { stream }), ...(idempotent && { idempotent }) },
  ]);
  expect(routeHeads).toEqual(Object.fromEntries(heads));
  expect([prefix, idempotencyHeader]).toEqual([API_PREFIX, IDEMPOTENCY_HEADER]);
});
