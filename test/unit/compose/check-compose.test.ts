import { expect, test } from 'vitest';
import { checkCompose } from '../../../src/compose/index.ts';

/** `line:column verdict path` of each element. */
function lines(text: string, variables: Record<string, string> = {}): string[] {
  return checkCompose(text, { variables }).elements.map(
    ({ line, column, verdict, path }) => `${line ?? '-'}:${column ?? '-'} ${verdict} ${path}`,
  );
}

test('each element is told with its place: what works, what differs, what is refused and what is wrong', () => {
  expect(
    lines(`services:
  web:
    image: nginx:\${TAG:-1}
    ports: ["8080:80"]
    pid: host
    gpus: all
    imagee: x
`),
  ).toEqual([
    '1:1 works services',
    '3:5 works services.web.image',
    '3:12 works ${A:-b}',
    '4:13 works services.web.ports[0]',
    '5:5 differs services.web.pid',
    '6:5 refused services.web.gpus',
    '7:5 invalid services.web.imagee',
  ]);
});

test('what aliases and merge keys lead to is told once, where it stands', () => {
  const text = `x-base: &base
  image: nginx
  gpus: all
services:
  a: {<<: *base}
  b: *base
`;
  expect(lines(text).filter((line) => /gpus|<<|alias/.test(line))).toEqual([
    '3:3 refused services.a.gpus',
    '5:7 works <<',
    '5:11 works *alias',
    '6:6 works *alias',
  ]);
});

test('what is in a service that is not started does not count', () => {
  const text = 'services: {a: {image: x}, b: {image: y, gpus: all, profiles: [debug]}}';
  const refused = (variables: Record<string, string>) =>
    lines(text, variables).filter((line) => line.includes(' refused '));
  expect(refused({})).toEqual([]);
  expect(refused({ COMPOSE_PROFILES: 'debug' })).toEqual(['1:41 refused services.b.gpus']);
});

test('a file whose YAML is broken has problems and no elements', () => {
  const found = lines('services: [');
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((line) => !line.includes(' invalid file'))).toEqual([]);
});

test('a note of `up` is something that differs', () => {
  const { elements } = checkCompose('services: {a: {image: "$UNSET/x"}}', { variables: {} });
  expect(elements.filter(({ verdict }) => verdict === 'differs')).toEqual([
    expect.objectContaining({ path: 'file', message: expect.stringContaining('UNSET') }),
  ]);
});
