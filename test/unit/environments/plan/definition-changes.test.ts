import { expect, test } from 'vitest';
import { type Definition, definitionChanges } from '../../../../src/environments/plan/definition-changes.ts';
import type { PublishedPort } from '../../../../src/model/index.ts';

const port = {
  service: 'web',
  protocol: 'tcp',
  hostAddress: '127.88.0.1',
  hostPort: 8080,
  containerPort: 80,
};
const before = {
  project: { services: [{ name: 'web', image: 'web:1' }, { name: 'old' }] },
  compose: 'services:\n',
  variables: { TAG: '1', GONE: 'x' },
  ports: [{ ...port, guestPort: 8080 } as PublishedPort],
  shape: { vcpus: 1, memoryMib: 512, diskGib: 8 },
  image: 'img-1',
} as unknown as Definition;

test('the same definition has no changes', () => {
  expect(definitionChanges(before, { ...before })).toEqual([]);
});

test('services, images, ports, shape and guest are compared by name', () => {
  const after = {
    ...before,
    project: { services: [{ name: 'web', image: 'web:2' }] },
    ports: [],
    shape: { vcpus: 1, memoryMib: 512, diskGib: 16 },
    image: 'img-2',
  } as unknown as Definition;
  expect(definitionChanges(before, after)).toEqual([
    { what: 'service', name: 'old', before: 'there' },
    { what: 'image', name: 'old', before: 'built' },
    { what: 'image', name: 'web', before: 'web:1', after: 'web:2' },
    { what: 'port', name: '127.88.0.1:8080/tcp', before: 'web:80' },
    { what: 'shape', name: 'machine', before: '1x512MiB, 8 GiB of disk', after: '1x512MiB, 16 GiB of disk' },
    { what: 'guest-image', name: 'guest', before: 'img-1', after: 'img-2' },
  ]);
});

test('values of variables are not told', () => {
  const after = { ...before, variables: { TAG: 'secret', NEW: 'hidden' }, compose: 'services:\n\n' };
  const changes = definitionChanges(before, after);
  expect(JSON.stringify(changes)).not.toMatch(/secret|hidden|"x"/);
  expect(changes).toEqual([
    { what: 'variable', name: 'GONE', before: 'set' },
    { what: 'variable', name: 'NEW', after: 'set' },
    { what: 'variable', name: 'TAG', before: 'another value', after: 'changed' },
    { what: 'compose', name: 'file', before: '2 lines', after: '3 lines' },
  ]);
});
