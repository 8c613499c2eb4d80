import { createPrivateKey, sign, verify } from 'node:crypto';
import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { makeHostKeyPair, makeIdentity } from '../../../src/guest/index.ts';
import { publicKeyBlob } from '../../../src/guest/ssh-keys.ts';

test('two identities share nothing', () => {
  const [a, b] = [makeIdentity('shop'), makeIdentity('shop')];
  expect(a.machineId).toMatch(/^[0-9a-f]{32}$/);
  expect(a.entropyHex).toMatch(/^[0-9a-f]{128}$/);
  expect(a.machineId).not.toBe(b.machineId);
  expect(a.entropyHex).not.toBe(b.entropyHex);
  expect(a.hostKeys[0]?.public).not.toBe(b.hostKeys[0]?.public);
});

test('a guest may keep the machine id that it has; all else is new', () => {
  const id = '0123456789abcdef0123456789abcdef';
  const [a, b] = [makeIdentity('shop', id), makeIdentity('shop', id)];
  expect([a.machineId, b.machineId]).toEqual([id, id]);
  expect(a.hostKeys[0]?.public).not.toBe(b.hostKeys[0]?.public);
});

test('an identity costs less than 5 ms', () => {
  makeIdentity('warm-up');
  const before = process.threadCpuUsage();
  for (let count = 0; count < 100; count += 1) makeIdentity('shop');
  const used = process.threadCpuUsage(before);
  expect((used.user + used.system) / 1_000 / 100).toBeLessThan(5);
});

test('keys are in the form of OpenSSH, and both halves belong together', () => {
  // Often enough to meet keys with leading zeros and every padding.
  for (let count = 0; count < 300; count += 1) {
    const comment = 'c'.repeat(count % 9);
    const pair = makeHostKeyPair(comment);
    const parsed = ssh2.utils.parseKey(pair.private);
    if (parsed instanceof Error) throw parsed;
    expect(pair.public).toBe(`ssh-ed25519 ${parsed.getPublicSSH().toString('base64')} ${comment}`);
    expect(publicKeyBlob(pair.public)).toEqual(parsed.getPublicSSH());
    const message = Buffer.from('message');
    const signature = sign(null, message, createPrivateKey(parsed.getPrivatePEM()));
    expect(verify(null, message, parsed.getPublicPEM(), signature)).toBe(true);
  }
});

test('the private key is the text that ssh-keygen writes', () => {
  const lines = makeHostKeyPair('berth').private.split('\n');
  expect(lines[0]).toBe('-----BEGIN OPENSSH PRIVATE KEY-----');
  expect(lines.at(-2)).toBe('-----END OPENSSH PRIVATE KEY-----');
  expect(lines.at(-1)).toBe('');
  expect(lines.slice(1, -3).every((line) => line.length === 70)).toBe(true);
});

test.each(['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ', 'nonsense'])(
  '%j is no key',
  (line) => {
    expect(publicKeyBlob(line)).toBeUndefined();
  },
);
