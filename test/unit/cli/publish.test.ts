import { expect, test } from 'vitest';
import { parsePublish } from '../../../src/cli/arguments/publish.ts';

test('reads an IPv4 address with ports and a service', () => {
  expect(parsePublish('0.0.0.0:8080:web:80')).toEqual({
    hostAddress: '0.0.0.0',
    hostPort: 8080,
    service: 'web',
    containerPort: 80,
  });
});

test('reads an IPv6 address in brackets', () => {
  expect(parsePublish('[::1]:443:my_web.1:8443')).toEqual({
    hostAddress: '::1',
    hostPort: 443,
    service: 'my_web.1',
    containerPort: 8443,
  });
});

test.each([
  '8080:web:80',
  'localhost:8080:web:80',
  '256.0.0.1:8080:web:80',
  '1.2.3:8080:web:80',
  '01.2.3.4:8080:web:80',
  '0.0.0.0:0:web:80',
  '0.0.0.0:8080:web:65536',
  '0.0.0.0:8080::80',
  '0.0.0.0:8080:-web:80',
  '[1.2.3.4]:80:web:80',
  '::1:80:web:80',
  '0.0.0.0:8080:web:80/udp',
  '',
])('refuses %j', (text) => {
  expect(parsePublish(text)).toBeUndefined();
});
