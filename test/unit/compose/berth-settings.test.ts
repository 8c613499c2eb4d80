import { expect, test } from 'vitest';
import { problems, project } from './read.ts';

const services = 'services: {a: {image: x}}';

test('without x-berth nothing is asked for', () => {
  expect(project(services).berth).toEqual({ images: [], hostAccess: [] });
  expect(project(`${services}\nx-berth:`).berth).toEqual({ images: [], hostAccess: [] });
});

test('reads the shape, the guest image and the archives', () => {
  const text = `${services}\nx-berth: {cpus: 2, memory: 1.5GiB, disk: 20G, image: debian-13, images: [a.tar, images/b.tar]}`;
  expect(project(text, {}).berth).toEqual({
    cpus: 2,
    memoryMib: 1536,
    diskGib: 20,
    image: 'debian-13',
    images: ['a.tar', 'images/b.tar'],
    hostAccess: [],
  });
});

test('fills in variables', () => {
  expect(project(`${services}\nx-berth: {cpus: $C, memory: "\${M:-512MiB}"}`, { C: '4' }).berth).toEqual({
    cpus: 4,
    memoryMib: 512,
    images: [],
    hostAccess: [],
  });
});

test.each([
  ['cpus: 0', 'cpus'],
  ['cpus: 1.5', 'cpus'],
  ['cpus: 1000', 'cpus'],
  ['memory: 1024', 'memory'],
  ['memory: "1024"', 'memory'],
  ['memory: 64MiB', 'memory'],
  ['disk: 100MiB', 'disk'],
  ['disk: -1GiB', 'disk'],
  ['image: ../x', 'image'],
  ['images: [/etc/passwd]', 'images[0]'],
  ['images: [a.tar, ../b.tar]', 'images[1]'],
  ['images: ["~/b.tar"]', 'images[0]'],
  ['images: [{a: b}]', 'images[0]'],
  ['images: a.tar', 'images'],
  ['cpu: 2', 'cpu'],
  ['host-access: [0]', 'host-access[0]'],
  ['host-access: [5432, 65536]', 'host-access[1]'],
  ['host-access: ["5432/sctp"]', 'host-access[0]'],
  ['host-access: ["9-8"]', 'host-access[0]'],
  ['host-access: ["127.0.0.1:5432"]', 'host-access[0]'],
  ['host-access: ["-1"]', 'host-access[0]'],
  ['host-access: [{port: 5432}]', 'host-access[0]'],
  ['host-access: ["53/udp"]', 'host-access[0]'],
  ['host-access: ["50-60"]', 'host-access[0]'],
  ['host-access: ["1000-2000"]', 'host-access[0]'],
  ['host-access: 5432', 'host-access'],
])('%s is a problem', (entry, path) => {
  const found = problems(`${services}\nx-berth: {${entry}}`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^2:/);
  expect(found[0]).toContain(` x-berth.${path} `);
});

test('reads the ports of the host that may be reached', () => {
  const text = `${services}\nx-berth: {host-access: [5432, "9000/udp", "8000-8002", "8001/TCP", "$P"]}`;
  expect(project(text, { P: '70/udp' }).berth.hostAccess).toEqual([
    { protocol: 'tcp', port: 5432 },
    { protocol: 'udp', port: 9000 },
    { protocol: 'tcp', port: 8000 },
    { protocol: 'tcp', port: 8001 },
    { protocol: 'tcp', port: 8002 },
    { protocol: 'udp', port: 70 },
  ]);
});

test('restart says whether an environment comes back after the host went down', () => {
  const file = (value: string) => `services: {a: {image: x}}\nx-berth: {restart: ${value}}`;
  expect(project(file('no')).berth.restart).toBe('no');
  expect(project(file('always')).berth.restart).toBe('always');
  expect(problems(file('sometimes'))).toEqual(['2:20 x-berth.restart must be "always" or "no"']);
});

test('equal memory is merged only where the file says so', () => {
  const withSetting = (value: string) => `${services}\nx-berth: {merge-memory: ${value}}`;
  expect(project(withSetting('true')).berth.mergeMemory).toBe(true);
  expect(project(withSetting('false')).berth).toEqual({ images: [], hostAccess: [] });
  expect(problems(withSetting('"sometimes"'))).toHaveLength(1);
});
