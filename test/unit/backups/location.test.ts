import { expect, test } from 'vitest';
import { formatLocation, parseLocation } from '../../../src/backups/location.ts';

const HOME = '/var/lib/berth';

test.each([
  ['/srv/backups', '/srv/backups'],
  ['/srv//backups/', '/srv/backups'],
  ['/var/lib/berth-backups', '/var/lib/berth-backups'],
  ['s3:https://s3.example.com/bucket/some/place', 's3:https://s3.example.com/bucket/some/place'],
  ['s3:http://127.0.0.1:9000/bucket', 's3:http://127.0.0.1:9000/bucket'],
])('%s is a place', (text, written) => {
  expect(formatLocation(parseLocation(text, HOME))).toBe(written);
});

test.each([
  ['backups', 'neither an absolute path nor begins with s3:'],
  ['sftp:host:/backups', 'neither an absolute path nor begins with s3:'],
  ['/var/lib/berth/backups/mine', 'lies in /var/lib/berth, which it is to protect'],
  ['/var/lib/berth', 'lies in /var/lib/berth, which it is to protect'],
  ['/srv/../var/lib/berth/x', 'lies in /var/lib/berth, which it is to protect'],
  ['s3:https://key:secret@s3.example.com/bucket', 'is no place in an S3 store'],
  ['s3:https://s3.example.com', 'is no place in an S3 store'],
])('%s is refused with the reason', (text, reason) => {
  expect(() => parseLocation(text, HOME)).toThrowError(
    expect.objectContaining({ code: 'bad-request', message: expect.stringContaining(reason) }),
  );
});
