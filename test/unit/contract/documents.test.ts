import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { apiDocument, openApi, type Route, routes } from '../../../src/contract/index.ts';
import { registry } from '../../../src/errors/index.ts';

const document = openApi('1.2.3');
const text = JSON.stringify(document);

test('docs/api.md is what the contract prints; else run: node tools/print-api.ts --write', () => {
  const written = readFileSync(resolve(import.meta.dirname, '../../../docs/api.md'), 'utf8');
  expect(written).toBe(apiDocument());
});

test('every link within docs/api.md leads to a heading', () => {
  const markdown = apiDocument();
  const anchors = new Set(
    [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  const links = [...markdown.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});

test('is OpenAPI 3.1 with every route', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids)).toEqual(new Set(Object.keys(routes)));
  expect(ids).toHaveLength(Object.keys(routes).length);
});

test('every reference leads to a component', () => {
  const components = document['components'] as { schemas: Record<string, unknown> };
  const references = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = '']) => name);
  expect(references.length).toBeGreaterThan(50);
  expect(references.filter((name) => !(name in components.schemas))).toEqual([]);
  expect(Object.keys(components.schemas)).toEqual(Object.keys(components.schemas).toSorted());
});

test('every parameter of a path has a schema, and no two routes are the same', () => {
  const seen = new Set<string>();
  for (const route of Object.values<Route>(routes)) {
    const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(route.params?.properties ?? {})).toEqual(names);
    seen.add(`${route.method} ${route.path.replaceAll(/:\w+/g, ':')}`);
  }
  expect(seen.size).toBe(Object.keys(routes).length);
});

test('every code of a route is in the registry and stands there once', () => {
  for (const { errors } of Object.values<Route>(routes)) {
    expect(new Set(errors).size).toBe(errors.length);
    for (const code of errors) expect(registry).toHaveProperty(code);
  }
});

test('every field of every document says what it is', () => {
  const components = document['components'] as {
    schemas: Record<string, { properties: Record<string, object> }>;
  };
  const silent = Object.entries(components.schemas).flatMap(([name, schema]) =>
    Object.entries(schema.properties)
      .filter(([, value]) => !('description' in value || '$ref' in value || 'properties' in value))
      .map(([field]) => `${name}.${field}`),
  );
  expect(silent).toEqual([]);
});

test('bodies and parameters refuse what they do not know', () => {
  for (const route of Object.values<Route>(routes)) {
    for (const schema of [route.params, route.query, route.body]) {
      if (schema !== undefined) expect(schema).toMatchObject({ additionalProperties: false });
    }
  }
});
