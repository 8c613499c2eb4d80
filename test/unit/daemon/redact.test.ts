import { describe, expect, test } from 'vitest';
import { redactor, secretsInCompose } from '../../../src/daemon/redact.ts';

describe('what is known to be secret', () => {
  test('is taken out wherever it stands, also as JSON and in an address', () => {
    const redact = redactor(['canary-4711', 'with "quotes" in', 'a/b c', 'canary-4711-and-more']);
    const text = [
      'pulled with canary-4711-and-more and canary-4711',
      JSON.stringify({ message: 'with "quotes" in' }),
      'https://host/?q=a%2Fb%20c',
    ].join('\n');
    expect(redact(text)).not.toMatch(/canary|quotes|a%2Fb/);
  });

  test('short values are left in', () => {
    expect(redactor(['8', 'no', ''])('8 of no')).toBe('8 of no');
  });
});

test('what looks like a secret is taken out by what stands before it', () => {
  const redact = redactor([]);
  for (const text of [
    'DB_PASSWORD=hunter22',
    '"api_key": "hunter22"',
    "token: 'hunter22'",
    'Authorization: Bearer hunter22hunter22',
    'postgres://shop:hunter22@db/shop',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter22\n-----END OPENSSH PRIVATE KEY-----',
  ])
    expect(redact(text)).not.toContain('hunter22');
  expect(redact('environment.ready shop forked in 430 ms')).toBe('environment.ready shop forked in 430 ms');
});

test('secrets that a Compose file writes out are found', () => {
  const compose = [
    'services:',
    '  db:',
    '    environment:',
    '      POSTGRES_PASSWORD: "hunter22"',
    '      - API_TOKEN=canary-1',
    '      SECRET: ${FROM_OUTSIDE}',
    '      PLAIN: value',
  ].join('\n');
  expect(secretsInCompose(compose)).toEqual(['hunter22', 'canary-1']);
});
