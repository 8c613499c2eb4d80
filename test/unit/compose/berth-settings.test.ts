import { expect, test } from 'vitest';
import { problems, project } from './read.ts';

const services = 'services: {a: {image: x}}';

test('without x-berth nothing is asked for', () => {
  expect(project(services).berth).toEqual({ images: [] });
  expect(project(`${services}\nx-berth:`).berth).toEqual({ images: [] });
});

test('reads the shape, the guest image and the archives', () => {
  const text = `${services}\nx-berth: {cpus: 2, memory: 1.5GiB, disk: 20G, image: debian-13, images: [a.tar, images/b.tar]}`;
  expect(project(text, {}).berth).toEqual({
    cpus: 2,
    memoryMib: 1536,
    diskGib: 20,
    image: 'debian-13',
    images: ['a.tar', 'images/b.tar'],
  });
});

test('fills in variables', () => {
  expect(project(`${services}\nx-berth: {cpus: $C, memory: "\${M:-512MiB}"}`, { C: '4' }).berth).toEqual({
    cpus: 4,
    memoryMib: 512,
    images: [],
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
])('%s is a problem', (entry, path) => {
  const found = problems(`${services}\nx-berth: {${entry}}`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^2:/);
  expect(found[0]).toContain(` x-berth.${path} `);
});
