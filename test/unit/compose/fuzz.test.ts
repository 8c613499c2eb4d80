import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCompose, referencedVariables, renderForGuest } from '../../../src/compose/index.ts';

const LIMIT_MS = 1_000;

function survives(text: string): void {
  const before = process.threadCpuUsage();
  const reading = parseCompose(text, { variables: { A: '1' } });
  const used = process.threadCpuUsage(before);
  const took = (used.user + used.system) / 1_000;
  expect(took).toBeLessThan(LIMIT_MS);
  expect(reading.project === undefined).toBe(reading.problems.length > 0);
  referencedVariables(text);
  renderForGuest(text, { variables: { A: '1' } });
}

const words = fc.constantFrom(
  'services',
  'a',
  'image',
  'ports',
  'build',
  'volumes',
  'x-berth',
  'depends_on',
  'deploy',
  'replicas',
  'healthcheck',
  '<<',
  '&x ',
  '*x',
  '"80:80"',
  '127.0.0.1:1:1',
  '- ',
  ': ',
  ':\n',
  '\n',
  '\n  ',
  '\n    ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '$A',
  '${',
  '${A:-',
  '}',
  '|',
  '>',
  '#',
  '\t',
  '"',
  "'",
  '!!binary ',
  '!x',
  '%YAML 1.1\n',
  '---\n',
  '...',
  '? ',
  '~',
  '1e999',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
);

test('anything made of Compose words is read or refused', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (parts) => survives(parts.join(''))),
    { numRuns: 1_500 },
  );
});

test('any text is read or refused', () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: 'binary' }), survives), { numRuns: 500 });
});

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('80:80', './a:/b', '$A', '${B:?x}'),
);
const key = fc.constantFrom(
  'image',
  'ports',
  'build',
  'volumes',
  'depends_on',
  'deploy',
  'scale',
  'healthcheck',
  'networks',
  'environment',
  'profiles',
  'x-a',
  '__proto__',
);
const { value } = fc.letrec<{ value: unknown; list: unknown[]; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
}));

test('any value in any place is read or refused', () => {
  const file = fc.record({
    services: fc.dictionary(fc.string(), fc.dictionary(key, value)),
    'x-berth': value,
    volumes: value,
  });
  fc.assert(
    fc.property(file, (content) => survives(JSON.stringify(content))),
    { numRuns: 500 },
  );
});

const MIB = 1024 * 1024;
const fill = (text: string) => text.repeat(Math.floor(MIB / text.length));

test.each([
  ['open brackets', '['.repeat(MIB)],
  ['open braces', '{'.repeat(MIB)],
  ['brackets in pairs', fill('[]')],
  ['dashes', fill('- ')],
  ['question marks', fill('? ')],
  ['colons', fill('a: ')],
  ['commas', `[${','.repeat(MIB - 1)}`],
  ['closing braces', fill('}\n')],
  ['line ends', fill('\n')],
  ['bad escapes', `"${fill('\\x').slice(2)}`],
  ['anchors', fill('&a ')],
  ['documents', fill('---\n')],
  ['staircase', Array.from({ length: 1_300 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ['dollars', `services: {a: {image: "${'$'.repeat(MIB - 100)}"}}`],
  ['nested variables', `services: {a: {image: "${fill('${A:-').slice(100)}"}}`],
  [
    'many keys',
    `services: {a: {image: x}}\nx-a: {${Array.from({ length: 14_000 }, (_, n) => `k${n}: 1`).join(', ')}}`,
  ],
  ['many equal keys', `services: {a: {image: x}}\nx-a: {${'k: 1, '.repeat(10_000)}}`],
  ['many services', `services:\n${Array.from({ length: 7_000 }, (_, n) => `  s${n}: {}\n`).join('')}`],
  [
    'a chain',
    `services:\n${Array.from({ length: 3_000 }, (_, n) => `  s${n}: {image: x, depends_on: [s${n + 1}]}\n`).join('')}`,
  ],
  [
    'merges',
    `x-a: &a {${Array.from({ length: 5_000 }, (_, n) => `k${n}: 1`).join(', ')}}\nservices:\n${Array.from({ length: 900 }, (_, n) => `  s${n}: {<<: *a}\n`).join('')}`,
  ],
  ['one long line', `services: {a: {image: ${'x'.repeat(MIB - 100)}}}`],
  [
    'many ports',
    `services:\n${Array.from({ length: 500 }, (_, n) => `  s${n}: {image: x, ports: ["1000-1999"]}\n`).join('')}`,
  ],
])('hostile file: %s', (_name, text) => {
  survives(text.slice(0, MIB));
});
